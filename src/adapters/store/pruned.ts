import type { Gap } from '../../domain/retention.ts'
import { digestOf } from '../../engine/digest.ts'
import type { ChainPosition } from './chain.ts'
import type { Sqlite } from './sqlite.ts'

/** What is no longer in a log, and the event that says so. Both are claims until that event is verified. */
export interface Pruned {
  readonly gaps: readonly Gap[]
  /** The last event about a pruning, as it lies there. */
  readonly record: { readonly seq: number; readonly at: number; readonly body: unknown } | null
}

export type GapProblem = { readonly seq: number; readonly reason: string }

const nothing: Pruned = { gaps: [], record: null }

/** Reads the claim, or gives the one back that is known already. The caller sees to it that both reads see one snapshot. */
export function readPruned(sqlite: Sqlite, known: Pruned | null = null): Pruned {
  const [last] = sqlite.all<{ seq: unknown; at: unknown; body: unknown }>(
    "select seq, at, body from audit where type = 'retention.pruned' order by seq desc limit 1",
  )
  if (known?.record != null && known.record.seq === Number(last?.seq)) return known
  if (sqlite.all("select 1 from sqlite_schema where name = 'audit_gaps'").length === 0) return nothing
  const gaps = sqlite
    .all<{ from_seq: unknown; to_seq: unknown; mac: unknown; key_id: unknown }>(
      'select from_seq, to_seq, mac, key_id from audit_gaps order by from_seq',
    )
    .map(({ from_seq, to_seq, mac, key_id }) => {
      return { from: Number(from_seq), to: Number(to_seq), mac: String(mac), keyId: String(key_id) }
    })
  return { gaps, record: last === undefined ? null : { seq: Number(last.seq), at: Number(last.at), body: last.body } }
}

/** Why the gaps are not those that the event names; `null` when they are. Says nothing about the event itself. */
export function claimProblem({ gaps, record }: Pruned): GapProblem | null {
  if (record === null) {
    const [first] = gaps
    if (first === undefined) return null
    return {
      seq: first.from,
      reason: `events ${first.from} to ${first.to} are missing, and no event says that they were pruned`,
    }
  }
  if (record.body === null)
    return { seq: record.seq, reason: `event ${record.seq}, which says what was pruned, was erased` }
  const odd = gaps.some(({ from, to }) => !(from >= 1 && from <= to && to < record.seq))
  if (odd || digestIn(record.body) !== digestOf(gaps)) {
    return { seq: record.seq, reason: `what is missing is not what event ${record.seq} says was pruned` }
  }
  return null
}

function digestIn(body: unknown): unknown {
  try {
    return (JSON.parse(String(body)) as { gapsDigest?: unknown } | null)?.gapsDigest
  } catch {
    return undefined
  }
}

/** Where the chain stands before the line `seq`: at the end of what was pruned before it, or where it stood. */
export function overGap(position: ChainPosition, seq: number, { gaps }: Pruned): ChainPosition | GapProblem {
  const next = position.seq + 1
  if (seq < next) return position
  const gap = gaps.find(({ from, to }) => from <= next && next <= to)
  if (gap === undefined) return position
  if (seq <= gap.to) return { seq, reason: `event ${seq} is there, although it was pruned` }
  return { seq: gap.to, mac: gap.mac, keyId: gap.keyId }
}

export function isGapProblem(value: ChainPosition | GapProblem): value is GapProblem {
  return 'reason' in value
}
