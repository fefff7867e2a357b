import { HeparError } from '../../engine/errors.ts'
import { type AuditKeys, type ChainPosition, checkLine, genesis } from './chain.ts'
import { logLines } from './log-lines.ts'

const tailEvents = 200

/**
 * Verifies the last events of a log whose last number is `headSeq`; all of it is the business of `verifyLog`.
 * Returns the id of the key that signed the last event, `null` for an empty log. Throws `store_unavailable`.
 */
export async function verifyTail(file: string, headSeq: number, keys: AuditKeys): Promise<string | null> {
  const anchorSeq = headSeq - tailEvents
  let position: ChainPosition | null = anchorSeq > 0 ? null : { ...genesis, keyId: null }
  for await (const line of logLines(file, Math.max(anchorSeq - 1, 0))) {
    if (position === null) {
      position = { seq: Number(line.seq), mac: String(line.mac), keyId: String(line.keyId) }
      continue
    }
    const check = checkLine(position, line, keys)
    if (!check.ok) {
      const advice =
        'see where it differs with "hepar audit verify", keep the data folder as evidence, restore a backup'
      throw new HeparError('store_unavailable', `the audit log in ${file} does not verify: ${check.reason}; ${advice}`)
    }
    position = check.position
  }
  return position?.keyId ?? null
}
