import type { AuditHead } from '../../domain/audit.ts'
import { type AuditKeys, type ChainPosition, type ChainProblem, checkLine, genesis, type StoredLine } from './chain.ts'
import { logLines } from './log-lines.ts'

export type LogProblem =
  | ChainProblem
  /** The log ends before the checkpoint. */
  | 'truncated'
  /** The event at the checkpoint is not the one the checkpoint saw. */
  | 'checkpoint'

export type LogVerification =
  | {
      readonly ok: true
      readonly head: AuditHead
      readonly count: number
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
  return verifyLines(logLines(file), keys, checkpoint)
}

async function verifyLines(
  lines: AsyncIterable<StoredLine>,
  keys: AuditKeys,
  checkpoint: AuditHead | undefined,
): Promise<LogVerification> {
  let position: ChainPosition = { ...genesis, keyId: null }
  let at = genesis.at
  let erased = 0
  const bad = (seq: number, problem: LogProblem, reason: string): LogVerification => {
    return { ok: false, seq, problem, reason, verified: position.seq }
  }
  for await (const line of lines) {
    const check = checkLine(position, line, keys)
    if (!check.ok) return bad(check.seq, check.problem, check.reason)
    if (check.position.seq === checkpoint?.seq && check.position.mac !== checkpoint.mac) {
      return bad(checkpoint.seq, 'checkpoint', `event ${checkpoint.seq} is not the one the checkpoint saw`)
    }
    if (line.body === null) erased++
    position = check.position
    at = Number(line.at)
  }
  const { seq, mac } = position
  if (checkpoint !== undefined && checkpoint.seq > seq) {
    return bad(seq + 1, 'truncated', `the log ends at event ${seq}, the checkpoint saw event ${checkpoint.seq}`)
  }
  const compared = checkpoint === undefined ? 'none_given' : 'matched'
  return { ok: true, head: { seq, mac, at }, count: seq, erased, checkpoint: compared }
}
