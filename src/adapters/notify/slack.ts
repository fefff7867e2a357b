import type { SlackChannel } from '../../domain/config.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { Told } from '../../domain/message.ts'
import type { Delivered, Outgoing } from '../../engine/tell/delivery-port.ts'
import { scrub } from '../http-client/describe.ts'
import { send } from '../http-client/send.ts'
import { answerBytesMax, refusalOf } from './answers.ts'
import { blocksOf, decidedBlocks } from './slack-blocks.ts'
import { line, slackEscape } from './text.ts'
import { text, wordsOf } from './words.ts'

const fallbackMax = 300

interface Means {
  readonly externalUrl: string | null
  readonly timeoutMs: number
}

/** Where a message lies in Slack. `room` is what the configuration called the place. */
interface Place {
  readonly room: string
  readonly channel: string
  readonly ts: string
}

/** Posts one message; the first about a subject is the parent of a thread, in which the later ones go. */
export async function sendSlack(channel: SlackChannel, message: Outgoing, means: Means): Promise<Delivered> {
  const places = message.earlier.flatMap((told) => placeOf(told, channel.room))
  const stale = await takeButtonsAway(channel, message, means)
  if (stale !== null) return stale
  const words = wordsOf(message.body, means.externalUrl)
  const [parent] = places
  const inRoom = { channel: channel.room }
  const said = {
    text: line(words.title, fallbackMax, slackEscape),
    blocks: blocksOf(words, buttonsFor(channel, words)),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
  }
  const post = (where: JsonObject) => call(channel, 'chat.postMessage', means, { ...where, ...said })
  // Whoever is called must not have to follow a thread to hear it.
  const broadcast = { reply_broadcast: calls.has(text(message.body.event)) }
  let answer = await post(parent ? { channel: parent.channel, thread_ts: parent.ts, ...broadcast } : inRoom)
  // Somebody may have removed what began the thread, or the whole place: what is to be said is not lost with it.
  if (parent && !answer.ok && !answer.refused.retry) answer = await post(inRoom)
  if (!answer.ok) return { ...answer.refused, retry: answer.refused.retry || answer.nowhere }
  const { channel: place, ts } = answer.body
  if (typeof place !== 'string' || typeof ts !== 'string') return { ok: true }
  return { ok: true, receipt: JSON.stringify({ room: channel.room, channel: place, ts } satisfies Place) }
}

const calls: ReadonlySet<string> = new Set(['incident.handed_over', 'approval.asked'])

/** A button without a signing secret would press into nothing. */
function buttonsFor({ name, signingSecret }: SlackChannel, { asks }: ReturnType<typeof wordsOf>) {
  return asks === null || signingSecret === null ? null : { ...asks, channel: name }
}

/** Tells the person who pressed a button, and nobody else, what came of it. Never throws. */
export async function whisper(
  channel: SlackChannel,
  { place, user, words }: { readonly place: string; readonly user: string; readonly words: string },
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<Delivered> {
  const means = { externalUrl: null, timeoutMs }
  const body = { channel: place, user, text: line(words, fallbackMax, slackEscape) }
  const answer = await call(channel, 'chat.postEphemeral', means, body)
  return answer.ok ? { ok: true } : answer.refused
}

/** What was decided, or is over, shows who decided it in place of buttons. `null` when done, or when Slack will never do it. */
async function takeButtonsAway(channel: SlackChannel, message: Outgoing, means: Means): Promise<Delivered | null> {
  const { event, planDigest } = message.body
  if (event !== 'approval.decided' && event !== 'incident.closed') return null
  const isAbout = (told: Told) => typeof planDigest !== 'string' || told.planDigest === planDigest
  const asked = message.earlier.filter((told) => told.event === 'approval.asked' && isAbout(told))
  for (const { channel: place, ts } of asked.flatMap((told) => placeOf(told, channel.room)).slice(-1)) {
    const words = wordsOf(message.body, means.externalUrl)
    const shown = { text: line(words.title, fallbackMax, slackEscape), blocks: decidedBlocks(words) }
    const answer = await call(channel, 'chat.update', means, { channel: place, ts, ...shown })
    if (!answer.ok && answer.refused.retry) return answer.refused
  }
  return null
}

function placeOf({ receipt }: Told, room: string): readonly Place[] {
  try {
    const place = JSON.parse(receipt) as Partial<Place>
    return place.room === room && place.channel && place.ts ? [place as Place] : []
  } catch {
    return []
  }
}

type Answer =
  | { readonly ok: true; readonly body: JsonObject }
  /** `nowhere`: not to be posted in this place, whatever it is. */
  | { readonly ok: false; readonly refused: Refused; readonly nowhere: boolean }

type Refused = Delivered & { readonly ok: false }

/** Slack answers 200 to almost everything and says in the body whether it did it. */
async function call(
  { name, peer }: SlackChannel,
  method: string,
  { timeoutMs }: Means,
  body: JsonObject,
): Promise<Answer> {
  const reply = await send(peer, {
    method: 'POST',
    path: `/${method}`,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
    timeoutMs,
    bytesMax: answerBytesMax,
  })
  const refused = refusalOf(reply, `channel ${name}`)
  if (refused !== null || !reply.ok) return { ok: false, refused: refused as Refused, nowhere: false }
  const said = parse(reply.body)
  if (said?.ok === true) return { ok: true, body: said }
  const error = scrub(peer, text(said?.error))
  const reason = `channel ${name}: Slack says ${line(error || 'something that is not of the Web API', 100)}`
  const retry = error === '' || passing.has(error) || mendable.has(error)
  return { ok: false, refused: { ok: false, retry, reason }, nowhere: places.has(error) }
}

/** Errors that Slack calls passing. */
const passing: ReadonlySet<string> = new Set([
  'rate_limited',
  'ratelimited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'org_login_required',
  'accesslimited',
])

/** Errors about who asks: a token that was rotated is in the configuration soon. */
const mendable: ReadonlySet<string> = new Set([
  'not_authed',
  'invalid_auth',
  'access_denied',
  'account_inactive',
  'token_expired',
  'token_revoked',
  'no_permission',
  'missing_scope',
  'not_allowed_token_type',
  'ekm_access_denied',
])

/** Errors about the place: Hepar may be invited yet, and until then another place may do. */
const places: ReadonlySet<string> = new Set([
  'channel_not_found',
  'not_in_channel',
  'is_archived',
  'restricted_action',
  'restricted_action_read_only_channel',
  'restricted_action_thread_only_channel',
])

function parse(body: string): JsonObject | null {
  try {
    const value = JSON.parse(body) as Json
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}
