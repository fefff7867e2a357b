import type { ActionInfo } from '../../src/domain/action.ts'
import type { AskPolicy } from '../../src/engine/approve/approval-ports.ts'
import { digestOf } from '../../src/engine/digest.ts'
import type { Actions, HttpProbe, Sources } from '../../src/engine/ports.ts'

/** A target as it really is, which only the simulation knows. */
export interface Patient {
  readonly name: string
  ill: boolean
  /** Whether a restart helps it. */
  readonly curable: boolean
  restarts: { readonly key: string; readonly at: number }[]
  /** Whether relief keeps the illness from showing: never, while it is in force, or so that the illness ends meanwhile. */
  readonly relief: 'never' | 'while' | 'for_good'
  /** Whether relief is really in force, and how often it was given while it was. */
  eased: boolean
  twice: number
  reverts: { readonly key: string; readonly at: number }[]
}

/** What can be seen of an illness from outside. */
export function looksIll({ ill, eased, relief }: Patient): boolean {
  return ill && !(eased && relief !== 'never')
}

export function somePatient(name = 'web', curable = true, relief: Patient['relief'] = 'never'): Patient {
  return { name, ill: true, curable, restarts: [], relief, eased: false, twice: 0, reverts: [] }
}

/** What a test plays itself instead of the world's own answers. */
export interface Played {
  readonly sources?: Partial<Sources>
  readonly actions?: Partial<Actions>
  readonly probeHttp?: HttpProbe
  readonly askPolicy?: AskPolicy
}

export interface PlayedWorld {
  now: number
  readonly patients: ReadonlyMap<string, Patient>
}

export const playedAction: ActionInfo = {
  name: 'container-restart',
  file: '',
  fileDigest: '',
  summary: '',
  kind: 'container',
  risk: 'reversible',
  idempotent: false,
  hasVerify: true,
  hasRevert: false,
  temporary: false,
  paramsSchema: {},
}

/** A temporary effect that is eased or not: it proves nothing itself. */
export const playedRelief: ActionInfo = {
  ...playedAction,
  name: 'relief',
  idempotent: true,
  hasVerify: false,
  hasRevert: true,
  temporary: true,
}

/** Answers 200 for a patient who looks well, at `http://played/<name>`. */
export function playedProbe(world: PlayedWorld): HttpProbe {
  return async (url) => {
    const patient = world.patients.get(url.split('/').at(-1) ?? '')
    return patient === undefined
      ? { ok: false, reason: 'not played' }
      : { ok: true, status: looksIll(patient) ? 500 : 200 }
  }
}

/** Prometheus and Alertmanager that know every patient, and evaluate at any moment. */
export function playedSources(world: PlayedWorld): Sources {
  return {
    names: () => ['main'],
    ask: async ({ labels }) => ({
      kind: 'answered',
      firing: [...world.patients.values()].some((patient) => patient.name === labels.name && looksIll(patient)),
      silencedBy: [],
      healingSilences: [],
      inhibitedBy: [],
      rule: { loaded: true, healthy: true, evaluatedAt: world.now },
      detail: 'played',
    }),
    list: async () => ({ ok: false, reason: 'not played' }),
    query: async () => ({ ok: false, reason: 'not played' }),
  }
}

/** An action that cures those who can be cured, in a runner that is none. */
export function playedActions(world: PlayedWorld, checkpoint: () => void, newId: (nowMs: number) => string): Actions {
  const patientOf = (target: string) => world.patients.get(target.split('/')[2] ?? '') as Patient
  return {
    async plan({ target, action: { name } }) {
      const pin = { id: `id-of-${target}` }
      const plan = { action: name, target, params: {}, pin, summary: `restart ${target}`, data: {}, evidence: {} }
      return { kind: 'planned', plan, digest: digestOf({ action: name, target, params: {}, pin }) }
    },
    async verify({ plan, intendedAt }) {
      const { ill, restarts } = patientOf(plan.target)
      const passed = !ill && restarts.some(({ at }) => at >= intendedAt)
      return { check: 'played', passed, positive: true, detail: ill ? 'still ill' : 'well' }
    },
    async reserve() {
      return {
        identity: { pid: 1, startTicks: '1', bootId: 'b', marker: newId(world.now) },
        async run({ verb, plan, idempotencyKey }) {
          checkpoint()
          const patient = patientOf(plan.target)
          if (plan.action === playedRelief.name) {
            relieve(patient, verb, { key: idempotencyKey, at: world.now })
            checkpoint()
            return { kind: 'done', report: {} }
          }
          patient.restarts.push({ key: idempotencyKey, at: world.now })
          if (patient.curable) patient.ill = false
          checkpoint()
          return { kind: 'done', report: {} }
        },
        discard: async () => {},
      }
    },
    endSurvivors: async () => [],
    close: async () => {},
  }
}

function relieve(patient: Patient, verb: 'run' | 'revert', effect: Patient['reverts'][number]): void {
  if (verb === 'revert') {
    patient.reverts.push(effect)
    patient.eased = false
    return
  }
  if (patient.eased) patient.twice += 1
  patient.eased = true
  if (patient.relief === 'for_good') patient.ill = false
}
