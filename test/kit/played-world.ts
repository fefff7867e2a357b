import type { ActionInfo } from '../../src/domain/action.ts'
import { digestOf } from '../../src/engine/digest.ts'
import type { Actions, HttpProbe, Sources } from '../../src/engine/ports.ts'

/** A target as it really is, which only the simulation knows. */
export interface Patient {
  readonly name: string
  ill: boolean
  /** Whether a restart helps it. */
  readonly curable: boolean
  restarts: { readonly key: string; readonly at: number }[]
}

export function somePatient(name = 'web', curable = true): Patient {
  return { name, ill: true, curable, restarts: [] }
}

/** What a test plays itself instead of the world's own answers. */
export interface Played {
  readonly sources?: Partial<Sources>
  readonly actions?: Partial<Actions>
  readonly probeHttp?: HttpProbe
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
  paramsSchema: {},
}

/** Prometheus and Alertmanager that know every patient, and evaluate at any moment. */
export function playedSources(world: PlayedWorld): Sources {
  return {
    names: () => ['main'],
    ask: async ({ labels }) => ({
      kind: 'answered',
      firing: world.patients.get(labels.name ?? '')?.ill ?? false,
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
        async run({ plan, idempotencyKey }) {
          checkpoint()
          const patient = patientOf(plan.target)
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
