import type { NewAuditEvent } from '../../domain/audit.ts'
import type { PrunableEvents, PruneOrder, RetentionRule, StoreSize } from '../../domain/retention.ts'
import { digestOf } from '../digest.ts'
import { messageOf } from '../errors.ts'
import type { Clock, Log, PolicyHolder, Store, Tx } from '../ports.ts'
import { createRounds, type Rounds } from '../rounds.ts'
import { type Ends, endsOf, isOver, wantsShrinking } from './past.ts'

export interface RetentionPorts {
  readonly store: Store
  readonly clock: Clock
  readonly policy: PolicyHolder
  readonly log: Log
  /** How many times as fast as the clock says the past grows old: for tests that cannot wait for weeks. */
  readonly hasten?: number
}

export interface Retention {
  /** Removes a little of what may go, in a transaction of its own. Resolves to whether there is more. */
  step(): Promise<boolean>
  /** How long the last step kept the store, in milliseconds. */
  lastTookMs(): number
}

/** The store belongs to intake: a step keeps it for a few milliseconds, and then leaves it alone for much longer. */
const stepTookMaxMs = 4
const restPerWork = 12
const restMinMs = 20
const lookEveryMs = 60_000
const lookEveryLeastMs = 1_000

const rowsMin = 20
const rowsFirst = 100
const rowsMax = 1_000
const shrinkPages = 64

/** Prunes in the background, a little at a time. */
export function createRetentionRounds(ports: RetentionPorts): Rounds {
  const retention = createRetention(ports)
  const lookAgainMs = Math.max(lookEveryLeastMs, lookEveryMs / (ports.hasten ?? 1))
  let more = false
  return createRounds(
    async () => {
      more = false
      more = await retention.step()
    },
    {
      pauseMs: () => (more ? Math.max(restMinMs, restPerWork * retention.lastTookMs()) : lookAgainMs),
      onError: (error) => ports.log.warn({ error: messageOf(error) }, 'retention could not prune'),
    },
  )
}

/** What a run, which ends when nothing more may go, remembers from step to step. */
interface Run {
  readonly exhausted: Set<RetentionRule>
  pastDone: boolean
}

export function createRetention({ store, clock, policy, log, hasten }: RetentionPorts): Retention {
  const now = () => clock.now()
  let run: Run | null = null
  let rows = rowsFirst
  let tookMs = 0
  // Up to when the rule of size has thinned the log out; what ended before goes with it.
  let bytesBefore = Number.NEGATIVE_INFINITY
  const told = { crowded: false, over: false, broken: '' }

  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const begunAt = performance.now()
    try {
      return await work()
    } finally {
      tookMs += performance.now() - begunAt
    }
  }

  /** Events first: what goes with them is not older than the log. */
  async function pruneEvents(rule: RetentionRule, order: Omit<PruneOrder, 'rowsMax'>, current: Run): Promise<boolean> {
    if (current.exhausted.has(rule)) return false
    const found = await timed(() => store.prunable.next({ ...order, rowsMax: rows }))
    if (!found.ok) {
      if (told.broken !== found.reason) {
        log.error({ reason: found.reason }, 'the audit log does not verify: it is pruned no further')
      }
      told.broken = found.reason
      current.exhausted.add('age').add('bytes')
      return false
    }
    told.broken = ''
    if (found.crowded && !told.crowded)
      log.warn({}, 'too many open incidents keep their events: the log is pruned no further')
    told.crowded = found.crowded
    const { events } = found
    const went = events === null || (await remove((tx) => tx.removeEvents(events), eventsBody(events), rule))
    if (events !== null && went && rule === 'bytes') bytesBefore = Math.max(bytesBefore, events.youngestAt)
    if (found.done) {
      current.exhausted.add(rule)
      if (rule === 'bytes') bytesBefore = Math.max(bytesBefore, order.before)
      // The other rule looks at the log from its beginning again.
      store.prunable.restart()
    }
    return events !== null || !found.done
  }

  async function prunePast(ends: Ends): Promise<boolean> {
    const rule: RetentionRule = ends.byAge ? 'age' : 'bytes'
    return store.transaction('prune', async (tx) => {
      const { removed, more } = await timed(() => tx.removePast(ends.past, Math.ceil(rows / 4)))
      if (Object.values(removed).some((count) => count > 0))
        await tx.append([await prunedEvent(tx, rule, { ...removed })])
      return more
    })
  }

  async function remove(
    work: (tx: Tx) => Promise<boolean>,
    body: NewAuditEvent['body'],
    rule: RetentionRule,
  ): Promise<boolean> {
    return store.transaction('prune', async (tx) => {
      const went = await timed(() => work(tx))
      if (went) await tx.append([await prunedEvent(tx, rule, body)])
      return went
    })
  }

  /** The gaps are bound into the chain here: from now on exactly these events may be missing. */
  async function prunedEvent(tx: Tx, rule: RetentionRule, body: NewAuditEvent['body']): Promise<NewAuditEvent> {
    const { auditMs, bytesMax } = policy.current().config.retention
    const gaps = await tx.gaps()
    const limit = rule === 'age' ? auditMs : bytesMax
    return {
      type: 'retention.pruned',
      at: now(),
      actor: 'engine',
      body: { rule, limit, ...body, gaps: gaps.length, gapsDigest: digestOf(gaps) },
    }
  }

  function tellOfSize(size: StoreSize, bytesMax: number): void {
    const over = size.liveBytes > bytesMax
    if (over && !told.over) {
      log.warn({ ...size, bytesMax }, 'the store is larger than retention.maxBytes, and nothing more of it may go')
    }
    told.over = over
  }

  return {
    lastTookMs: () => tookMs,
    async step() {
      tookMs = 0
      const { retention } = policy.current().config
      if (run === null) {
        store.prunable.restart()
        run = { exhausted: new Set(), pastDone: false }
      }
      const before = rows
      const more = await stepOf(run)
      // One that was slow is a reason to take less at once, whatever made it slow.
      if (tookMs > stepTookMaxMs) rows = Math.max(rowsMin, Math.floor(before / 2))
      else if (tookMs < stepTookMaxMs / 2) rows = Math.min(rowsMax, Math.ceil(before * 1.25))
      if (!more) {
        run = null
        tellOfSize(store.size(), retention.bytesMax)
      }
      return more
    },
  }

  async function stepOf(current: Run): Promise<boolean> {
    const { retention } = policy.current().config
    const size = store.size()
    const ends = endsOf(retention, bytesBefore, now(), hasten)
    const { age, bytes } = ends.events
    if (age !== null && (await pruneEvents('age', { before: age, closedBefore: age }, current))) return true
    if (isOver(size, retention)) {
      const order = { before: bytes, closedBefore: Number.POSITIVE_INFINITY }
      if (await pruneEvents('bytes', order, current)) return true
    }
    if (!current.pastDone && Number.isFinite(ends.past.incidents)) {
      current.pastDone = !(await prunePast(endsOf(retention, bytesBefore, now(), hasten)))
      return true
    }
    if (!wantsShrinking(size)) return false
    await store.transaction('prune', (tx) => timed(() => tx.shrink(shrinkPages)))
    return true
  }
}

function eventsBody({ runs, count, youngestAt }: PrunableEvents): NewAuditEvent['body'] {
  const [first, last] = [runs[0], runs.at(-1)]
  if (first === undefined || last === undefined) throw new Error('nothing was found to prune')
  return { from: first.from, to: last.to, events: count, youngestAt, mac: last.mac, keyId: last.keyId }
}
