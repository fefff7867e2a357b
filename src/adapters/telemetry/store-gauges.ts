import { Gauge, type Registry } from 'prom-client'
import type { Service } from '../../domain/config.ts'
import { incidentStates } from '../../domain/incident.ts'
import { safeModeAction, serviceTarget } from '../../domain/service.ts'
import { isDemoted } from '../../domain/trial.ts'
import { type Pausing, pauseKinds, pausesInForce } from '../../engine/facts/pauses.ts'
import type { Clock, PolicyHolder, Queue, Store } from '../../engine/ports.ts'

interface GaugeParts {
  readonly registry: Registry
  readonly store: Pick<Store, 'read' | 'health' | 'size'>
  readonly queue: Pick<Queue, 'depth'>
  readonly clock: Clock
  readonly policy: PolicyHolder
  readonly services: () => readonly Pick<Service, 'name'>[]
  readonly windows: () => Pausing['windows']
}

/** Playbooks that get a series of their own. */
const playbooksMax = 500

/** Gauges that read the store when they are scraped. One that cannot be read is absent, never wrong. */
export function registerStoreGauges({ registry, store, queue, clock, policy, services, windows }: GaugeParts): void {
  const registers = [registry]
  new Gauge({
    name: 'hepar_incidents',
    help: 'Incidents by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await readOr(() => store.read.incidentCounts())
      for (const state of incidentStates) {
        if (counts === null) this.remove({ state })
        else this.set({ state }, counts[state])
      }
    },
  })
  new Gauge({
    name: 'hepar_safe_mode',
    help: 'Whether a service of the configuration is in safe mode.',
    labelNames: ['service'],
    registers,
    async collect() {
      this.reset()
      const effects = await readOr(() => store.read.effectsInForce())
      if (effects === null) return
      const safe = new Set(effects.filter(({ action }) => action === safeModeAction).map(({ target }) => target))
      for (const { name } of services()) this.set({ service: name }, safe.has(serviceTarget(name)) ? 1 : 0)
    },
  })
  new Gauge({
    name: 'hepar_pauses',
    help: 'Pauses and windows of maintenance in force, by kind.',
    labelNames: ['kind'],
    registers,
    async collect() {
      this.reset()
      const pauses = await readOr(() => store.read.pauses())
      if (pauses === null) return
      const inForce = pausesInForce({ pauses, windows: windows() }, clock.now())
      for (const kind of pauseKinds) this.set({ kind }, inForce.filter((pause) => pause.kind === kind).length)
    },
  })
  new Gauge({
    name: 'hepar_playbook_demoted',
    help: 'Whether a playbook asks before it acts because one of its steps kept failing.',
    labelNames: ['playbook'],
    registers,
    async collect() {
      this.reset()
      const demotions = await readOr(() => store.read.demotions())
      const playbooks = await readOr(async () => policy.current().playbooks)
      if (demotions === null || playbooks === null) return
      for (const playbook of playbooks.slice(0, playbooksMax)) {
        const demoted = demotions.some((one) => one.playbook === playbook.name && isDemoted(one, playbook))
        this.set({ playbook: playbook.name }, demoted ? 1 : 0)
      }
    },
  })
  number('hepar_queue_depth', 'Incidents that are due now.', async () => (await queue.depth()).count)
  number('hepar_queue_oldest_seconds', 'How long the most overdue incident has been due.', async () => {
    return (await queue.depth()).oldestSeconds
  })
  number('hepar_paused', 'Whether the stop switch is on.', async () => {
    const pause = await store.read.pause()
    return pause !== null && (pause.until === null || pause.until > clock.now()) ? 1 : 0
  })
  number('hepar_storm', 'Whether a storm holds effects back: 0 none, 0.5 the ramp after one, 1 latched.', async () => {
    const { storm } = await store.read.stormRecord()
    return storm === null ? 0 : storm.phase === 'latched' ? 1 : 0.5
  })
  number(
    'hepar_store_bytes',
    'What the store has in use, without its write-ahead log.',
    async () => store.size().liveBytes,
  )
  number(
    'hepar_store_free_bytes',
    'Pages of the store that are free for what comes.',
    async () => store.size().freeBytes,
  )
  number('hepar_audit_oldest_event_timestamp_seconds', 'When the oldest event of the audit log happened.', async () => {
    const [oldest] = await store.read.audit({ limit: 1 })
    return oldest === undefined ? null : oldest.at / 1_000
  })
  number('hepar_store_up', 'Whether the last write to the store succeeded.', async () => (store.health().ok ? 1 : 0))

  function number(name: string, help: string, value: () => Promise<number | null>): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const read = await readOr(value)
        if (read === null) this.remove()
        else this.set(read)
      },
    })
  }
}

async function readOr<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch {
    return null
  }
}
