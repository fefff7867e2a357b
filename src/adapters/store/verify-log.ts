import type { AuditHead } from '../../domain/audit.ts'
import { type AuditKeys, type ChainPosition, type ChainProblem, checkLine, genesis } from './chain.ts'
import { type LogPage, logPages } from './log-lines.ts'
import { claimProblem, isGapProblem, overGap, type Pruned } from './pruned.ts'

export type LogProblem =
  | ChainProblem
  /** The log ends before the checkpoint. */
  | 'truncated'
  /** The event at the checkpoint is not the one the checkpoint saw. */
  | 'checkpoint'
  /** The event at the checkpoint was pruned, so nothing can be compared with it. */
  | 'checkpoint_pruned'
  /** What is missing is not what was pruned. */
  | 'pruned'

/** What retention removed, as the log itself proves. */
export interface PrunedEvents {
  readonly count: number
  /** The youngest number among them. */
  readonly to: number
  /** The last pruning of events: by which rule, and when. */
  readonly rule: string
  readonly at: number
}

export type LogVerification =
  | {
      readonly ok: true
      readonly head: AuditHead
      /** Events that are there and proven. */
      readonly count: number
      readonly pruned: PrunedEvents | null
      /** Events whose body was erased; their place in the chain is proven, their content gone. */
      readonly erased: number
      readonly checkpoint: 'matched' | 'none_given'
    }
  | {
      readonly ok: false
      /** The first event that is wrong. */
      readonly seq: number
      readonly problem: LogProblem
      readonly reason: string
      /** How many events before it are proven. */
      readonly verified: number
    }

export interface VerifyOptions {
  readonly file: string
  readonly keys: AuditKeys
  /** A head kept elsewhere: only against it can a cut end be noticed. */
  readonly checkpoint?: AuditHead
}

/** Verifies the whole log of a database file, in bounded memory, also while a server runs. Throws `store_unavailable`. */
export function verifyLog({ file, keys, checkpoint }: VerifyOptions): Promise<LogVerification> {
  return verifyPages(logPages(file), keys, checkpoint)
}

async function verifyPages(
  pages: AsyncIterable<LogPage>,
  keys: AuditKeys,
  checkpoint: AuditHead | undefined,
): Promise<LogVerification> {
  let position: ChainPosition = { ...genesis, keyId: null }
  let last: Pruned = { gaps: [], record: null }
  let restored: RestoredAt | null = null
  const seen = { at: genesis.at, count: 0, erased: 0 }
  const bad = (seq: number, problem: LogProblem, reason: string): LogVerification => {
    return { ok: false, seq, problem, reason, verified: seen.count }
  }
  for await (const { lines, pruned } of pages) {
    const unbacked = claimProblem(pruned)
    if (unbacked !== null) return bad(unbacked.seq, 'pruned', unbacked.reason)
    last = pruned
    for (const line of lines) {
      const before = overGap(position, Number(line.seq), pruned)
      if (isGapProblem(before)) return bad(before.seq, 'pruned', before.reason)
      const check = checkLine(before, line, keys)
      if (!check.ok) return bad(check.seq, check.problem, check.reason + unaccounted(check.problem, pruned))
      position = check.position
      if (line.type === 'store.restored') restored = { seq: position.seq, at: Number(line.at) }
      if (position.seq === checkpoint?.seq && position.mac !== checkpoint.mac) {
        const what = `event ${checkpoint.seq} is not the one the checkpoint saw`
        return bad(checkpoint.seq, 'checkpoint', what + afterRestore(restored))
      }
      seen.at = Number(line.at)
      seen.count++
      if (line.body === null) seen.erased++
    }
  }
  const { seq, mac } = position
  if (checkpoint !== undefined && checkpoint.seq > seq) {
    const what = `the log ends at event ${seq}, the checkpoint saw event ${checkpoint.seq}`
    return bad(seq + 1, 'truncated', what + afterRestore(restored))
  }
  const { at, count, erased } = seen
  const missed = missedCheckpoint(checkpoint, last)
  if (missed !== null) return bad(missed.seq, missed.problem, missed.reason)
  const compared = checkpoint === undefined ? 'none_given' : 'matched'
  return { ok: true, head: { seq, mac, at }, count, pruned: prunedOf(last), erased, checkpoint: compared }
}

function unaccounted(problem: ChainProblem, { record }: Pruned): string {
  return problem === 'gap' && record !== null ? `; no pruning accounts for it` : ''
}

interface RestoredAt {
  readonly seq: number
  readonly at: number
}

function afterRestore(restored: RestoredAt | null): string {
  if (restored === null) return ''
  const when = new Date(restored.at).toISOString()
  return `; event ${restored.seq} says that the store was restored from a backup on ${when}: what came after the backup is lost with it`
}

/** Of the last event of a run that was pruned the mac is known; of those before it, nothing is. */
function missedCheckpoint(
  checkpoint: AuditHead | undefined,
  { gaps, record }: Pruned,
): { readonly seq: number; readonly problem: LogProblem; readonly reason: string } | null {
  if (checkpoint === undefined) return null
  const { seq } = checkpoint
  const gap = gaps.find(({ from, to }) => from <= seq && seq <= to)
  if (gap === undefined || (gap.to === seq && gap.mac === checkpoint.mac)) return null
  if (gap.to === seq) {
    return { seq, problem: 'checkpoint', reason: `event ${seq}, since pruned, was not the one the checkpoint saw` }
  }
  const when = new Date(record?.at ?? 0).toISOString()
  const reason =
    `the log is intact, but event ${seq} of the checkpoint was pruned, last on ${when}, so nothing can be compared with it: ` +
    'compare with a newer checkpoint'
  return { seq, problem: 'checkpoint_pruned', reason }
}

function prunedOf({ gaps, record }: Pruned): PrunedEvents | null {
  if (record === null || gaps.length === 0) return null
  const body = JSON.parse(String(record.body)) as { rule?: unknown }
  const count = gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  return { count, to: gaps.at(-1)?.to ?? 0, rule: String(body.rule), at: record.at }
}
