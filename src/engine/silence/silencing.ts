import { messageOf } from '../errors.ts'
import type { Log, Silencers } from '../ports.ts'
import { createRounds } from '../rounds.ts'
import { type WantedSilence, wantedSilences } from './plan-silences.ts'
import { type SettlePorts, settleSilences, type Told } from './settle-silences.ts'

export type SilencingPorts = SettlePorts & { readonly silencers: Silencers; readonly log: Log }

/** Keeps the silences in Alertmanager what the attempts under way want; neither delays nor decides anything else. */
export interface Silencing {
  start(): void
  /** Looks at once: an attempt began or ended, an alert joined. */
  kick(): void
  /** Expires what is left, for nobody would renew it; what cannot be reached lapses by itself. */
  close(): Promise<void>
}

/** Looks so often in the lifetime of a silence that a renewal may fail and still come in time. */
const looksPerTtl = 4

export function createSilencing(ports: SilencingPorts): Silencing {
  const { store, policy, clock, log } = ports
  /** Until when a silence of ours may be in force, by source. */
  const inForceUntil = new Map<string, number>()
  const told: Told = new Map()
  const ttlMs = () => policy.current().config.limits.silenceTtlMs
  const onError = (error: unknown) => log.warn({ error: messageOf(error) }, 'silences could not be looked after')

  async function settle(wanted: readonly WantedSilence[]): Promise<void> {
    // What cannot be recorded must not be done; the silences that are there lapse.
    if (!store.health().ok) return
    const underWay = new Set(wanted.map(({ attempt }) => attempt.id))
    for (const id of told.keys()) if (!underWay.has(id)) told.delete(id)
    const bySource = Map.groupBy(wanted, ({ source }) => source)
    const sources = new Set([...bySource.keys(), ...inForceUntil.keys()])
    await Promise.all([...sources].map((source) => settleSource(source, bySource.get(source) ?? [])))
  }

  async function settleSource(source: string, wanted: readonly WantedSilence[]): Promise<void> {
    if (wanted.length > 0) inForceUntil.set(source, clock.now() + ttlMs())
    const settled = await Promise.all(ports.silencers(source).map((one) => settleSilences(one, wanted, told, ports)))
    const lapsed = (inForceUntil.get(source) ?? 0) <= clock.now()
    if (wanted.length === 0 && (lapsed || settled.every(Boolean))) inForceUntil.delete(source)
  }

  const rounds = createRounds(async () => settle(await wantedSilences(store.read, policy.current())), {
    pauseMs: () => (inForceUntil.size > 0 ? ttlMs() / looksPerTtl : null),
    onError,
  })
  return {
    start() {
      const { config, playbooks } = policy.current()
      // An earlier process may have left some, which nobody has renewed since.
      const sources = playbooks.some(({ silence }) => silence) ? config.sources : []
      for (const { name } of sources) inForceUntil.set(name, clock.now() + ttlMs())
      rounds.kick()
    },
    kick: rounds.kick,
    async close() {
      await rounds.close()
      await settle([]).catch(onError)
    },
  }
}
