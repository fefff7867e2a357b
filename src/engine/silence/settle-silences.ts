import type { Attempt } from '../../domain/attempt.ts'
import type { AuditType } from '../../domain/audit.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { HealingSilence } from '../../domain/silence.ts'
import type { Clock, PolicyHolder, Silencer, Store } from '../ports.ts'
import { planSilences, type SilenceCommand, type WantedSilence } from './plan-silences.ts'

export interface SettlePorts {
  readonly store: Store
  readonly clock: Clock
  readonly policy: PolicyHolder
}

/** Alertmanagers whose failure has been recorded, by attempt. */
export type Told = Map<string, Set<string>>

/** Makes the silences of one Alertmanager what the attempts under way want. Resolves to whether they now are. */
export async function settleSilences(
  silencer: Silencer,
  wanted: readonly WantedSilence[],
  told: Told,
  ports: SettlePorts,
): Promise<boolean> {
  const listed = await silencer.list()
  if (!listed.ok) {
    for (const { attempt } of wanted) await recordFailure(attempt, silencer, listed.reason, told, ports)
    return false
  }
  const owners = await ownersOf(listed.silences, ports)
  const ours = listed.silences.filter(({ attempt }) => owners.has(attempt))
  const times = { now: ports.clock.now(), ttlMs: ports.policy.current().config.limits.silenceTtlMs }
  for (const command of planSilences(wanted, ours, times)) {
    const attempt = command.do === 'expire' ? owners.get(command.silence.attempt) : command.wanted.attempt
    if (attempt === undefined) throw new Error('a silence of nobody was to be expired')
    const reply = await carryOut(command, silencer, times.now + times.ttlMs)
    if (!reply.ok) {
      await recordFailure(attempt, silencer, reply.reason, told, ports)
      return false
    }
    await recordDone(command, reply.id, attempt, silencer, ports)
  }
  return true
}

/** The attempts in our own store among those the marks name: another Hepar's silences are not ours to touch. */
async function ownersOf(
  silences: readonly HealingSilence[],
  { store }: SettlePorts,
): Promise<ReadonlyMap<string, Attempt>> {
  const owners = new Map<string, Attempt>()
  for (const id of new Set(silences.map(({ attempt }) => attempt))) {
    const attempt = await store.read.attempt(id)
    if (attempt !== null) owners.set(id, attempt)
  }
  return owners
}

async function carryOut(
  command: SilenceCommand,
  silencer: Silencer,
  endsAt: number,
): Promise<{ readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string }> {
  if (command.do === 'expire') {
    const { id } = command.silence
    const reply = await silencer.expire(id)
    return reply.ok ? { ok: true, id } : reply
  }
  const { attempt, labels } = command.wanted
  const id = command.do === 'extend' ? command.id : null
  return silencer.set({ id, attempt: attempt.id, target: attempt.target, labels, endsAt })
}

/** A renewal changes nothing that anybody could notice, so it is not recorded. */
async function recordDone(
  command: SilenceCommand,
  silence: string,
  attempt: Attempt,
  { alertmanager }: Silencer,
  ports: SettlePorts,
): Promise<void> {
  if (command.do === 'expire') {
    await record('silence.expired', attempt, { alertmanager, silence, reason: 'the alert may be heard again' }, ports)
  }
  if (command.do === 'set') {
    const { source, fingerprint } = command.wanted
    const reason = 'nobody need be called while it heals'
    await record('silence.set', attempt, { alertmanager, silence, source, fingerprint, reason }, ports)
  }
}

async function recordFailure(
  attempt: Attempt,
  { alertmanager }: Silencer,
  reason: string,
  told: Told,
  ports: SettlePorts,
): Promise<void> {
  const already = told.get(attempt.id) ?? new Set()
  if (already.has(alertmanager)) return
  told.set(attempt.id, already.add(alertmanager))
  await record('silence.failed', attempt, { alertmanager, reason }, ports)
}

async function record(
  type: AuditType,
  { id, incident, playbook, target }: Attempt,
  body: JsonObject,
  { store, clock }: SettlePorts,
): Promise<void> {
  await store.transaction('silence', (tx) =>
    tx.append([{ type, at: clock.now(), actor: 'engine', incident, attempt: id, playbook, target, body }]),
  )
}
