import * as z from 'zod'
import type { SlackChannel } from '../domain/config.ts'
import { HeparError } from '../engine/errors.ts'
import { HttpError } from './errors.ts'
import { nothing } from './fields.ts'
import type { HttpParts } from './parts.ts'
import { type Reply, signed } from './route.ts'
import { isSignedBySlack, type Signed } from './slack-signature.ts'

/** Slack gives up on an answer after 3 s; a decision that takes longer goes on without it. */
const answerWithinMs = 2_000

/** A press of a button, as far as it matters here. */
const press = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().max(64) }),
  channel: z.object({ id: z.string().max(64) }).optional(),
  actions: z.tuple(
    [z.object({ action_id: z.string().max(255), value: z.string().max(2_000).optional() })],
    z.unknown(),
  ),
})
type Press = z.output<typeof press>

const bound = z.object({
  channel: z.string().max(63),
  incident: z.string().max(64),
  planDigest: z.string().max(128),
  ask: z.string().max(64).optional(),
})
type Bound = z.output<typeof bound>

/** Takes presses of the buttons that Hepar has put under its messages. A repeated one is harmless: what is decided stays so. */
export const slackHook = signed(
  {
    path: '/hooks/slack',
    access: 'open',
    summary: 'Take a press of Approve or Reject from Slack, proven by its signature',
    query: nothing,
    codes: { 401: 'Not signed by Slack, or too long ago.', 403: 'This user of Slack may not decide.' },
  },
  async ({ body }, parts) => {
    const channels = signers(body, parts)
    const pressed = readPress(body)
    const decision = decisions.get(pressed?.actions[0].action_id ?? '')
    // Buttons that only open a page are told of, too.
    if (pressed === null || decision === undefined) return done
    const what = bound.safeParse(parse(pressed.actions[0].value ?? ''))
    const channel = channels.find(({ name }) => what.success && name === what.data.channel)
    if (!what.success || !channel) throw refused('this button is none of this channel')
    const who = Object.hasOwn(channel.approvers, pressed.user.id) ? channel.approvers[pressed.user.id] : undefined
    const say = (words: string) => tellPresser(channel, pressed, words, parts)
    if (who === undefined) {
      say(`Nothing was decided: ${pressed.user.id} is not among the approvers of the channel ${channel.name}.`)
      throw refused(`the user ${pressed.user.id} is not among the approvers of the channel ${channel.name}`)
    }
    const deciding = decide(what.data, { decision, by: `operator:${who}` }, parts).then((words) => words && say(words))
    await Promise.race([deciding, after(answerWithinMs)])
    return done
  },
)

const decisions: ReadonlyMap<string, 'approve' | 'reject'> = new Map([
  ['hepar_approve', 'approve'],
  ['hepar_reject', 'reject'],
])
const done: Reply = { status: 200, text: '', contentType: 'text/plain; charset=utf-8' }

/** The channels whose secret has signed this very request; it proves nothing to any other. */
function signers(request: Signed, { policy, clock, metrics }: HttpParts): readonly SlackChannel[] {
  const { notify } = policy.current().config
  const found = notify.filter((channel): channel is SlackChannel => {
    if (channel.type !== 'slack' || channel.signingSecret === null) return false
    return isSignedBySlack(request, channel.signingSecret, clock.now())
  })
  if (found.length > 0) return found
  metrics.countAuthFailure('signature')
  const next = 'Compare signingSecret under notify with the one of the app in Slack, and the clock of this machine.'
  throw new HttpError(401, 'bad_signature', 'this request is not signed by Slack for any channel', next)
}

function readPress({ raw }: Signed): Press | null {
  const payload = new URLSearchParams(Buffer.from(raw).toString('utf8')).get('payload')
  const read = press.safeParse(parse(payload ?? ''))
  return read.success ? read.data : null
}

/** What to tell the presser, or `null` where the message itself will show it. Never throws. */
async function decide(
  { incident, planDigest, ask }: Bound,
  { decision, by }: { readonly decision: 'approve' | 'reject'; readonly by: string },
  { engine, log }: HttpParts,
): Promise<string | null> {
  try {
    const { approval } = await engine.decideApproval({
      incident,
      planDigest,
      ask,
      decision,
      by,
      reason: `${decision} pressed in Slack`,
    })
    return approval.state === 'pending' ? 'Approved by you. Under four eyes one more person must, too.' : null
  } catch (error) {
    if (error instanceof HeparError) return `Not decided by you: ${error.message}`
    log.error({ error: String(error), incident }, 'a decision from slack failed')
    return 'Not decided: Hepar could not. Its log says why.'
  }
}

function tellPresser({ name }: SlackChannel, { channel, user }: Press, words: string, { whisper }: HttpParts): void {
  if (channel !== undefined) void whisper(name, { place: channel.id, user: user.id, words })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function refused(message: string): HttpError {
  return new HttpError(403, 'forbidden', message, 'Ask an approver, or add this user to approvers under notify.')
}
