import { HeparError } from '../../engine/errors.ts'
import { type AuditKeys, type ChainPosition, checkLine, genesis, type StoredLine } from './chain.ts'
import { logPages } from './log-lines.ts'
import { claimProblem, isGapProblem, overGap, type Pruned } from './pruned.ts'

const tailEvents = 200

/**
 * Verifies the last events of a log whose last number is `headSeq`; all of it is the business of `verifyLog`.
 * Returns the id of the key that signed the last event, `null` for an empty log. Throws `store_unavailable`.
 */
export async function verifyTail(file: string, headSeq: number, keys: AuditKeys): Promise<string | null> {
  const anchorSeq = headSeq - tailEvents
  let position: ChainPosition | null = anchorSeq > 0 ? null : { ...genesis, keyId: null }
  for await (const { lines, pruned } of logPages(file, Math.max(anchorSeq - 1, 0))) {
    const unbacked = claimProblem(pruned)
    if (unbacked !== null) throw refusal(file, unbacked.reason)
    for (const line of lines) position = follow(position, line, pruned, { file, keys })
  }
  return position?.keyId ?? null
}

function follow(
  position: ChainPosition | null,
  line: StoredLine,
  pruned: Pruned,
  { file, keys }: { readonly file: string; readonly keys: AuditKeys },
): ChainPosition {
  if (position === null) return { seq: Number(line.seq), mac: String(line.mac), keyId: String(line.keyId) }
  const before = overGap(position, Number(line.seq), pruned)
  if (isGapProblem(before)) throw refusal(file, before.reason)
  const check = checkLine(before, line, keys)
  if (!check.ok) throw refusal(file, check.reason)
  return check.position
}

function refusal(file: string, reason: string): HeparError {
  const advice = 'see where it differs with "hepar audit verify", keep the data folder as evidence, restore a backup'
  return new HeparError('store_unavailable', `the audit log in ${file} does not verify: ${reason}; ${advice}`)
}
