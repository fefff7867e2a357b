import { type HttpRule, permit } from '../../domain/http-allow.ts'
import type { HttpProbe } from '../../engine/ports.ts'
import { createHttpClient, type Resolve } from '../../sdk/http-client.ts'
import { allowedDoor } from '../../sdk/http-doors.ts'
import { tlsOf } from './send.ts'

const timeoutMsMax = 60_000

/** One GET whose answer is only its status, of a URL that the rules in force allow. */
export function createHttpProbe(
  allow: () => readonly HttpRule[],
  { resolve }: { readonly resolve?: Resolve } = {},
): HttpProbe {
  const client = createHttpClient({ ...(resolve && { resolve }) })
  return async (text, timeoutMs) => {
    const rules = allow()
    const permitted = permit(text, rules)
    if (!permitted.ok) return permitted
    const bounds = { timeoutMs: Math.min(timeoutMs, timeoutMsMax), bytesMax: 0, beyond: 'drop' } as const
    const tls = await tlsOf(permitted.rule).catch((error: Error) => error)
    if (tls instanceof Error) return { ok: false, reason: `the certificates of its rule: ${tls.message}` }
    const reply = await client.send({ url: permitted.url, door: allowedDoor(rules), tls, ...bounds })
    return reply.ok ? { ok: true, status: reply.status } : { ok: false, reason: reply.reason }
  }
}
