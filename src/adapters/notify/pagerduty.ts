import type { PagerDutyChannel } from '../../domain/config.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Delivered, Outgoing } from '../../engine/tell/delivery-port.ts'
import { send } from '../http-client/send.ts'
import { answerBytesMax, refusalOf } from './answers.ts'
import { line } from './text.ts'
import { text, wordsOf } from './words.ts'

const summaryMax = 1_024
const dedupKeyMax = 255
const wordMax = 255
const detailMax = 2_000

interface Means {
  readonly externalUrl: string | null
  readonly timeoutMs: number
}

/** One event of the Events API v2. It accepts with 202 and remembers by `dedup_key`, so a repeat changes nothing. */
export async function sendPagerDuty(
  { name, peer, routingKey }: PagerDutyChannel,
  message: Outgoing,
  { externalUrl, timeoutMs }: Means,
): Promise<Delivered> {
  const post = async (event: JsonObject): Promise<Delivered> => {
    const reply = await send(peer, {
      method: 'POST',
      path: '/v2/enqueue',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key: routingKey.reveal(), ...event }),
      timeoutMs,
      bytesMax: answerBytesMax,
      beyond: 'cut',
    })
    return refusalOf(reply, `channel ${name}`) ?? { ok: true }
  }
  // The alert of the question stays open, so that nobody is called for it a second time.
  if (message.body.askedAnew === true) return { ok: true }
  const event = eventOf(message, externalUrl)
  const answer = await post(event)
  // Nobody should have to clear away a test.
  if (!answer.ok || text(message.body.event) !== 'channel.tested') return answer
  return post({ event_action: 'resolve', dedup_key: event.dedup_key as string })
}

/** What resolves; everything else calls somebody. What is decided is not acknowledged: whatever came after it would call nobody. */
const endings: ReadonlySet<string> = new Set(['incident.closed', 'storm.released', 'approval.decided'])

/** A playbook that is demoted is no part of the incident that showed it: its end must not resolve the alert. */
function dedupKeyOf({ event, playbook }: JsonObject): string | null {
  return event === 'playbook.demoted' ? `playbook:${text(playbook)}` : null
}

/** The event without its routing key. Pure. */
export function eventOf(
  { subject, idempotencyKey, body, createdAt }: Outgoing,
  externalUrl: string | null,
): JsonObject {
  const dedup_key = line(dedupKeyOf(body) ?? subject ?? idempotencyKey, dedupKeyMax)
  if (endings.has(text(body.event))) return { event_action: 'resolve', dedup_key }
  const { title, severity, facts, paragraphs, link } = wordsOf(body, externalUrl)
  const details = [...facts, ...paragraphs.map((words, index) => [`${index + 1}`, words] as const)]
  return {
    event_action: 'trigger',
    dedup_key,
    payload: {
      summary: line(title, summaryMax),
      source: line(text(body.target) || 'hepar', wordMax),
      severity,
      timestamp: new Date(createdAt).toISOString(),
      ...(text(body.playbook) !== '' && { component: line(text(body.playbook), wordMax) }),
      class: line(text(body.event) || 'notice', wordMax),
      custom_details: Object.fromEntries(details.map(([key, value]) => [line(key, 80), line(value, detailMax)])),
    },
    client: 'Hepar',
    ...(externalUrl !== null && { client_url: externalUrl }),
    ...(link !== null && { links: [{ href: link, text: 'Open in Hepar' }] }),
  }
}
