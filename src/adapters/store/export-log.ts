import type { AuditHead } from '../../domain/audit.ts'
import { genesis } from './chain.ts'
import { logLines } from './log-lines.ts'

/**
 * The whole log as NDJSON, one event a line with its body as an object (`null` once erased), and at the end one line
 * `{"checkpoint":{seq,mac,at}}` to keep elsewhere. Throws `store_unavailable`.
 */
export async function* exportLog({ file }: { readonly file: string }): AsyncGenerator<string> {
  let head: AuditHead = genesis
  for await (const line of logLines(file)) {
    const seq = Number(line.seq)
    const at = Number(line.at)
    const body: unknown = typeof line.body === 'string' ? JSON.parse(line.body) : null
    yield `${JSON.stringify({ ...line, seq, at, body })}\n`
    head = { seq, mac: String(line.mac), at }
  }
  yield `${JSON.stringify({ checkpoint: head })}\n`
}
