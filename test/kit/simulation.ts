import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { backupStore } from '../../src/adapters/store/backup.ts'
import { restoreStore } from '../../src/adapters/store/restore.ts'
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts'
import { createNewId } from '../../src/adapters/store/uuid.ts'
import { readConfig } from '../../src/config.ts'
import type { Alert, Delivery } from '../../src/domain/alert.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { type ActPorts, createEffects } from '../../src/engine/act/act.ts'
import { type AdvancePorts, advance } from '../../src/engine/advance.ts'
import type { Actions, Log, Store } from '../../src/engine/ports.ts'
import { createAccept } from '../../src/engine/receive/accept.ts'
import { type ReceivePorts, receive } from '../../src/engine/receive/receive.ts'
import { createClockWatch } from '../../src/engine/recover/clock-watch.ts'
import { recover } from '../../src/engine/recover/recover.ts'
import { createWaking } from '../../src/engine/turns/waking.ts'
import {
  type Patient,
  type Played,
  playedAction,
  playedActions,
  playedProbe,
  playedRelief,
  playedSources,
} from './played-world.ts'
import { someAlert, somePlaybook } from './records.ts'

/** Thrown at a checkpoint: from there on, this life of the process is over. */
export class Crash extends Error {}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

export type SimulationPorts = AdvancePorts & ActPorts & ReceivePorts & { readonly actions: Actions }

export interface Simulation {
  readonly patients: ReadonlyMap<string, Patient>
  readonly store: Store
  readonly folder: string
  /** What the engine's verbs are called with in the present life. */
  readonly ports: SimulationPorts
  /** In force from the next look on. */
  policy: Policy
  now(): number
  pass(ms: number): void
  /** Delivers the alert of a patient, as it is or resolved. Resolves to the decision, or `null` when the process died first. */
  deliver(name: string, status: Alert['status']): Promise<string | null>
  /** Advances everything that is due until nothing is, or until the process dies. */
  settle(): Promise<void>
  /** Lets look again what was told that its wait is over, as the engine does by itself; so does `settle`. */
  wake(): Promise<void>
  /** Dies at the n-th checkpoint from now. */
  crashAfter(checkpoints: number): void
  /** Dies at the checkpoint of this name. */
  crashAt(checkpoint: string): void
  readonly dead: boolean
  restart(): Promise<void>
  /** Copies the store as it is, also of one that is dead. */
  backUp(name: string): Promise<void>
  /** Lives on from a copy: what happened to the patients since stays true, and Hepar has forgotten it. */
  restore(name: string): Promise<void>
  /** What people were told or will be, oldest first, as it lies in the file. */
  messages(): readonly Message[]
  close(): Promise<void>
}

export interface Message {
  readonly channel: string
  readonly incident: string | null
  readonly dedupeKey: string
  readonly body: JsonObject
}

/** A policy of one playbook, which takes the alerts of the patients and restarts them. */
export function simulatedPolicy(more: Partial<Playbook> = {}): Policy {
  const reading = readConfig({ file: join(import.meta.dirname, '../fixtures/auto.yaml'), env: {} })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  const playbook = somePlaybook({
    when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: 'Ill' }] },
    target: [
      'container/',
      { root: 'labels', name: 'host', escape: 'none' },
      '/',
      { root: 'labels', name: 'name', escape: 'none' },
    ],
    ...more,
  })
  return {
    revision: 'r1',
    loadedAt: 0,
    config: reading.config,
    playbooks: [playbook],
    actions: [playedAction, playedRelief],
  }
}

/** One Hepar on a real store, in a world that is played: time, sources, actions and death are in the test's hands. */
export async function startSimulation(
  policy: Policy,
  patients: readonly Patient[],
  played: Played = {},
): Promise<Simulation> {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-simulation-'))
  const place = { file: join(folder, 'hepar.db'), keyFile: join(folder, 'audit.key') }
  const world = {
    now: 1_000_000,
    policy,
    fuse: Number.POSITIVE_INFINITY,
    deathbed: null as string | null,
    patients: new Map(patients.map((patient) => [patient.name, patient])),
    startsAt: new Map<string, number>(),
  }
  const newId = createNewId()
  let life = await begin()

  async function begin() {
    const state = { dead: false }
    const checkpoint = (name?: string) => {
      if (state.dead) throw new Crash()
      world.fuse -= 1
      if (world.fuse >= 0 && name !== world.deathbed) return
      state.dead = true
      throw new Crash()
    }
    const clock = { now: () => world.now }
    const store = await openSqliteStore({
      ...place,
      clock,
      log: silent,
      checkpoint,
    })
    const shared = { store, clock, newId, policy: { current: () => world.policy }, log: silent, checkpoint }
    const effects = createEffects(shared, () => {})
    const ports: SimulationPorts = {
      ...shared,
      effects,
      accept: createAccept(shared),
      sources: { ...playedSources(world), ...played.sources },
      actions: { ...playedActions(world, checkpoint, newId), ...played.actions },
      probeHttp: played.probeHttp ?? playedProbe(world),
      askPolicy: played.askPolicy ?? (async () => ({ decision: 'deny', reason: 'not played' })),
    }
    const waking = createWaking(shared)
    store.onCommit((events) => waking.hear(events))
    return { store, ports, state, waking, clockWatch: createClockWatch(shared) }
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
    get ports() {
      return life.ports
    },
    get dead() {
      return life.state.dead
    },
    get policy() {
      return world.policy
    },
    set policy(next) {
      world.policy = next
    },
    now: () => world.now,
    pass: (ms) => {
      world.now += ms
    },
    crashAfter: (checkpoints) => {
      world.fuse = checkpoints
    },
    crashAt: (checkpoint) => {
      world.deathbed = checkpoint
    },
    async deliver(name, status) {
      let decision: string | null = null
      if (status === 'firing' && !world.startsAt.has(name)) world.startsAt.set(name, world.now)
      const startsAt = world.startsAt.get(name) ?? world.now
      if (status === 'resolved') world.startsAt.delete(name)
      const alert = patientAlert(name, { status, startsAt, endsAt: status === 'resolved' ? world.now : null })
      await live(async () => {
        const { decisions } = await receive(someDelivery([alert]), 'webhook', life.ports)
        decision = decisions[0]?.decision ?? null
      })
      return decision
    },
    async settle() {
      for (let round = 0; round < 200 && !life.state.dead; round += 1) {
        if (!(await live(() => life.clockWatch.look()))) return
        if (!(await live(() => life.waking.wake()))) return
        const due = await life.store.read.due(world.now, 100)
        for (const id of due) {
          if (!(await live(() => advance(id, life.ports)))) return
        }
        await turns()
        if ((await life.store.read.due(world.now, 1)).length === 0) return
      }
    },
    async wake() {
      await live(() => life.waking.wake())
    },
    async restart() {
      await turns()
      await life.store.close()
      world.fuse = Number.POSITIVE_INFINITY
      world.deathbed = null
      life = await begin()
      await recover(life.ports)
    },
    async backUp(name) {
      const target = join(folder, name)
      await backupStore({ ...place, target, verify: true, withKey: false, onProgress: () => {} })
    },
    async restore(name) {
      await turns()
      await life.store.close()
      for (const left of ['', '-wal', '-shm']) rmSync(`${place.file}${left}`, { force: true })
      const restored = join(folder, 'restored')
      rmSync(restored, { recursive: true, force: true })
      await restoreStore({
        backup: join(folder, name),
        key: place.keyFile,
        folder: restored,
        file: join(restored, 'hepar.db'),
        keyFile: join(restored, 'audit.key'),
      })
      renameSync(join(restored, 'hepar.db'), place.file)
      world.fuse = Number.POSITIVE_INFINITY
      world.deathbed = null
      life = await begin()
      await recover(life.ports)
    },
    messages: () => readMessages(place.file),
    async close() {
      await life.store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The alert that tells of a patient. */
export function patientAlert(name: string, more: Partial<Alert> = {}): Alert {
  return someAlert({ fingerprint: `f-${name}`, labels: { alertname: 'Ill', host: 'local', name }, ...more })
}

/** A delivery of these alerts by webhook. */
export function someDelivery(alerts: readonly Alert[], more: Partial<Delivery> = {}): Delivery {
  return {
    source: 'main',
    receiver: 'hepar',
    groupKey: '',
    groupLabels: {},
    externalURL: '',
    truncatedAlerts: 0,
    digest: '',
    via: 'webhook',
    alerts: alerts.map((alert) => ({ ok: true, alert })),
    ...more,
  }
}

function readMessages(file: string): readonly Message[] {
  using database = new DatabaseSync(file, { readOnly: true })
  return database
    .prepare('select channel, incident, dedupe_key, body from outbox order by created_at, id')
    .all()
    .map(({ channel, incident, dedupe_key, body }) => ({
      channel: String(channel),
      incident: incident === '' ? null : String(incident),
      dedupeKey: String(dedupe_key),
      body: JSON.parse(String(body)),
    }))
}
