import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'
import type { Config, Peer } from '../../domain/config.ts'
import type { Clock, Silencer, Silencers } from '../../engine/ports.ts'
import { describePeer, scrub } from '../http-client/describe.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import { send } from '../http-client/send.ts'
import { markedAttempt, markOf } from './mark.ts'

const defaultBounds: Bounds = { timeoutMs: 5_000, bytesMax: 64 * 1024 * 1024 }

const silenceShape = z.object({
  id: z.string(),
  createdBy: z.string(),
  comment: z.string(),
  matchers: z.array(z.object({ name: z.string(), value: z.string() })),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  status: z.object({ state: z.string() }),
})
const madeShape = z.object({ silenceID: z.string().min(1) })

/** The Alertmanagers of the sources in force, over their API v2. */
export function createSilencers(
  configured: () => Config['sources'],
  { clock, bounds = defaultBounds }: { clock: Clock; bounds?: Bounds },
): Silencers {
  return (source) =>
    (configured().find(({ name }) => name === source)?.alertmanagers ?? []).map((peer) =>
      createSilencer(peer, { ...bounds, clock }),
    )
}

function createSilencer(peer: Peer, bounds: Bounds & { readonly clock: Clock }): Silencer {
  let skewMs = 0
  /** Alertmanager moves the end of a silence only where its start stays what it was. */
  const startsAt = new Map<string, string>()
  const failed = (what: string, status: number, body: string) => {
    const words = scrub(peer, body.replace(/\s+/g, ' ').trim())
    return { ok: false as const, reason: `${describePeer(peer)}: ${what} was answered with HTTP ${status}: ${words}` }
  }
  return {
    alertmanager: describePeer(peer),
    async list() {
      const reply = await getJson(peer, '/api/v2/silences', z.array(silenceShape), bounds)
      if (!reply.ok) return reply
      skewMs = reply.skewMs
      const silences = reply.value.flatMap(({ status, matchers, ...silence }) => {
        const attempt = status.state === 'expired' ? null : markedAttempt(silence)
        if (attempt === null) return []
        startsAt.set(silence.id, silence.startsAt)
        return [{ id: silence.id, attempt, labels: labelsOf(matchers), endsAt: Date.parse(silence.endsAt) - skewMs }]
      })
      return { ok: true, silences }
    },
    async set({ id, attempt, target, labels, endsAt }) {
      const at = (ms: number) => new Date(ms + skewMs).toISOString()
      const wish = {
        ...(id === null ? {} : { id }),
        ...markOf({ attempt, target }),
        matchers: Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })),
        // A start that is over becomes the present one, whatever the clocks say.
        startsAt: startsAt.get(id ?? '') ?? at(bounds.clock.now() - 60_000),
        endsAt: at(endsAt),
      }
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(wish)
      const reply = await send(peer, { method: 'POST', path: '/api/v2/silences', headers, body, ...bounds })
      if (!reply.ok) return reply
      const made = madeShape.safeParse(parsed(reply.body))
      if (reply.status !== 200 || !made.success) return failed('setting a silence', reply.status, reply.body)
      return { ok: true, id: made.data.silenceID }
    },
    async expire(id) {
      const path = `/api/v2/silence/${encodeURIComponent(id)}`
      const reply = await send(peer, { method: 'DELETE', path, ...bounds })
      if (!reply.ok) return reply
      // Some versions answer 500 about one that is gone.
      const gone = reply.status === 404 || /not found|already expired/.test(reply.body)
      if (reply.status === 200 || gone) return { ok: true }
      return failed('expiring a silence', reply.status, reply.body)
    },
  }
}

function labelsOf(matchers: readonly { readonly name: string; readonly value: string }[]): Labels {
  const labels: Record<string, string> = Object.create(null)
  for (const { name, value } of matchers) labels[name] = value
  return labels
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
