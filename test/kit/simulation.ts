import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts'
import { createNewId } from '../../src/adapters/store/uuid.ts'
import type { ActionInfo } from '../../src/domain/action.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { type ActPorts, createEffects } from '../../src/engine/act.ts'
import { type AdvancePorts, advance } from '../../src/engine/advance.ts'
import { digestOf } from '../../src/engine/digest.ts'
import type { Actions, Log, Sources, Store } from '../../src/engine/ports.ts'
import { receive } from '../../src/engine/receive.ts'
import { recover } from '../../src/engine/recover.ts'
import { someAlert } from './records.ts'

/** A target as it really is, which only the simulation knows. */
export interface Patient {
  readonly name: string
  ill: boolean
  /** Whether a restart helps it. */
  readonly curable: boolean
  restarts: { readonly key: string; readonly at: number }[]
}

/** Thrown at a checkpoint: from there on, this life of the process is over. */
export class Crash extends Error {}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

const action: ActionInfo = {
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

export interface Simulation {
  readonly patients: Map<string, Patient>
  readonly store: Store
  readonly folder: string
  now(): number
  pass(ms: number): void
  /** Delivers the alert of a patient, as it is or resolved. Resolves to the decision, or `null` when the process died first. */
  deliver(name: string, status: Alert['status']): Promise<string | null>
  /** Advances everything that is due until nothing is, or until the process dies. */
  settle(): Promise<void>
  /** Dies at the n-th checkpoint from now. */
  crashAfter(checkpoints: number): void
  readonly dead: boolean
  restart(): Promise<void>
  close(): Promise<void>
}

/** One Hepar on a real store, in a world that is played: time, sources, actions and death are in the test's hands. */
export async function startSimulation(policy: Policy, patients: readonly Patient[]): Promise<Simulation> {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-simulation-'))
  const world = {
    now: 1_000_000,
    fuse: Number.POSITIVE_INFINITY,
    patients: new Map(patients.map((patient) => [patient.name, patient])),
    startsAt: new Map<string, number>(),
  }
  const newId = createNewId()
  let life = await begin()

  async function begin() {
    const state = { dead: false }
    const checkpoint = () => {
      if (state.dead) throw new Crash()
      world.fuse -= 1
      if (world.fuse >= 0) return
      state.dead = true
      throw new Crash()
    }
    const clock = { now: () => world.now }
    const store = await openSqliteStore({
      file: join(folder, 'hepar.db'),
      keyFile: join(folder, 'audit.key'),
      clock,
      log: silent,
      checkpoint,
    })
    const shared = { store, clock, newId, policy: { current: () => policy }, log: silent, checkpoint }
    const effects = createEffects(shared, () => {})
    const ports: AdvancePorts & ActPorts = {
      ...shared,
      effects,
      sources: playedSources(world),
      actions: playedActions(world, checkpoint, newId),
      probeHttp: async () => ({ ok: false, reason: 'not played' }),
    }
    return { store, ports, state, effects }
  }

  async function live(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
    } catch (error) {
      if (!life.state.dead) throw error
    }
    return !life.state.dead
  }

  const turns = async () => {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  return {
    patients: world.patients,
    folder,
    get store() {
      return life.store
    },
    get dead() {
      return life.state.dead
    },
    now: () => world.now,
    pass: (ms) => {
      world.now += ms
    },
    crashAfter: (checkpoints) => {
      world.fuse = checkpoints
    },
    async deliver(name, status) {
      let decision: string | null = null
      if (status === 'firing' && !world.startsAt.has(name)) world.startsAt.set(name, world.now)
      const startsAt = world.startsAt.get(name) ?? world.now
      if (status === 'resolved') world.startsAt.delete(name)
      const alert = someAlert({
        fingerprint: `f-${name}`,
        labels: { alertname: 'Ill', host: 'local', name },
        status,
        startsAt,
        endsAt: status === 'resolved' ? world.now : null,
      })
      await live(async () => {
        const delivery = { ...blankDelivery, alerts: [{ ok: true, alert } as const] }
        const { decisions } = await receive(delivery, 'webhook', life.ports)
        decision = decisions[0]?.decision ?? null
      })
      return decision
    },
    async settle() {
      for (let round = 0; round < 200 && !life.state.dead; round += 1) {
        const due = await life.store.read.due(world.now, 100)
        for (const id of due) {
          if (!(await live(() => advance(id, life.ports)))) return
        }
        await turns()
        if ((await life.store.read.due(world.now, 1)).length === 0) return
      }
    },
    async restart() {
      await turns()
      await life.store.close()
      world.fuse = Number.POSITIVE_INFINITY
      life = await begin()
      await recover(life.ports)
    },
    async close() {
      await life.store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const blankDelivery = {
  source: 'main',
  receiver: 'hepar',
  groupKey: '',
  groupLabels: {},
  externalURL: '',
  truncatedAlerts: 0,
  digest: '',
  via: 'webhook',
} as const

type World = { now: number; patients: Map<string, Patient> }

function playedSources(world: World): Sources {
  return {
    names: () => ['main'],
    ask: async ({ labels }) => ({
      kind: 'answered',
      firing: world.patients.get(labels.name ?? '')?.ill ?? false,
      silencedBy: [],
      inhibitedBy: [],
      rule: { loaded: true, healthy: true, evaluatedAt: world.now },
      detail: 'played',
    }),
    list: async () => ({ ok: false, reason: 'not played' }),
    query: async () => ({ ok: false, reason: 'not played' }),
  }
}

function playedActions(world: World, checkpoint: () => void, newId: (now: number) => string): Actions {
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
      const marker = newId(world.now)
      return {
        identity: { pid: 1, startTicks: '1', bootId: 'b', marker },
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

export { action as playedAction }
