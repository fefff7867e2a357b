import type { IncomingHttpHeaders } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blocksOf } from '../../../src/adapters/notify/slack-blocks.ts'
import { wordsOf } from '../../../src/adapters/notify/words.ts'
import type { Told } from '../../../src/domain/message.ts'
import { secret } from '../../../src/domain/secret.ts'
import type { Delivered } from '../../../src/engine/tell/delivery-port.ts'
import { startSink } from '../../kit/sink.ts'
import { slackRefuses, startSlack } from '../../kit/vendors.ts'
import { approvalAsked, deliverTo, externalUrl, handedOver, hostile, outgoing, slackChannel } from './channels.ts'

type Block = {
  type: string
  text?: { type: string; text: string }
  fields?: { type: string; text: string }[]
  elements?: Element[]
}
type Element = { action_id: string; value?: string; url?: string; text: { type: string; text: string } }
const buttonsOf = (call: { body: Record<string, unknown> }) =>
  (call.body.blocks as Block[]).flatMap(({ elements }) => elements ?? [])

function receiptOf(answer: Delivered): string {
  if (!answer.ok || answer.receipt === undefined) throw new Error(`no receipt: ${JSON.stringify(answer)}`)
  return answer.receipt
}

describe('Slack', () => {
  test('gets what was handed over as a message that it takes', async () => {
    await using slack = await startSlack()
    const answer = await deliverTo(slackChannel(slack.url))(outgoing('chat', handedOver))
    expect(answer).toMatchObject({ ok: true })
    expect(slack.accepted).toHaveLength(1)
    expect(slack.accepted[0]).toMatchObject({ method: 'chat.postMessage', body: { channel: 'oncall' } })
    const said = JSON.stringify(slack.accepted[0]?.body)
    for (const words of ['redis/cache', 'the restart did not help', 'Redis is down', 'redis-restart'])
      expect(said).toContain(words)
    expect(slack.accepted[0]?.body).not.toHaveProperty('thread_ts')
  })

  test('keeps what is told of one incident in one thread, and shows a call in the channel, too', async () => {
    await using slack = await startSlack()
    const deliver = deliverTo(slackChannel(slack.url))
    const first = receiptOf(await deliver(outgoing('chat', approvalAsked)))
    const earlier: Told[] = [{ event: 'approval.asked', planDigest: 'abc123', receipt: first }]
    await deliver(outgoing('chat', handedOver, { earlier }))
    const closed = { event: 'playbook.demoted', incident: 'i1', playbook: 'redis-down' }
    await deliver(outgoing('chat', closed, { earlier }))
    const ts = JSON.parse(first).ts as string
    expect(slack.accepted[1]?.body).toMatchObject({ channel: 'C1H9RESGL', thread_ts: ts, reply_broadcast: true })
    expect(slack.accepted[2]?.body).toMatchObject({ channel: 'C1H9RESGL', thread_ts: ts, reply_broadcast: false })
  })

  test('loses nothing with a thread that somebody has removed', async () => {
    await using slack = await startSlack()
    const receipt = JSON.stringify({ room: 'oncall', channel: 'C1H9RESGL', ts: '1503435956.999999' })
    const earlier = [{ event: 'approval.asked', planDigest: null, receipt }]
    const answer = await deliverTo(slackChannel(slack.url))(outgoing('chat', handedOver, { earlier }))
    expect(answer).toMatchObject({ ok: true })
    expect(slack.accepted.map(({ body }) => [body.channel, body.thread_ts])).toEqual([['oncall', undefined]])
  })

  test('says it in its room where the place of the thread is closed, and holds nothing back for buttons there', async () => {
    await using slack = await startSlack()
    const receipt = JSON.stringify({ room: 'oncall', channel: 'C1H9RESGL', ts: '1503435956.999999' })
    const earlier = [{ event: 'approval.asked', planDigest: null, receipt }]
    const archived = { code: 200, body: JSON.stringify({ ok: false, error: 'is_archived' }) }
    for (const body of [handedOver, { ...handedOver, event: 'incident.closed' }]) {
      const before = slack.accepted.length
      slack.next(archived)
      if (body.event === 'incident.closed') slack.next(archived)
      expect(await deliverTo(slackChannel(slack.url))(outgoing('chat', body, { earlier }))).toMatchObject({ ok: true })
      const accepted = slack.accepted.slice(before).map(({ method, body }) => [method, body.channel, body.thread_ts])
      expect(accepted).toEqual([['chat.postMessage', 'oncall', undefined]])
    }
  })

  test('begins a new thread where the channel has moved', async () => {
    await using slack = await startSlack()
    const first = receiptOf(await deliverTo(slackChannel(slack.url))(outgoing('chat', handedOver)))
    const earlier = [{ event: 'incident.handed_over', planDigest: null, receipt: first }]
    await deliverTo(slackChannel(slack.url, { room: 'team' }))(outgoing('chat', handedOver, { earlier }))
    expect(slack.accepted[1]?.body).toMatchObject({ channel: 'team' })
    expect(slack.accepted[1]?.body).not.toHaveProperty('thread_ts')
  })

  test('asks with buttons that are bound to incident, plan and channel, and with a link to the page', async () => {
    await using slack = await startSlack()
    await deliverTo(slackChannel(slack.url))(outgoing('chat', { ...approvalAsked, ask: 'a7' }))
    const buttons = buttonsOf(slack.accepted[0]!)
    expect(buttons.map(({ action_id }) => action_id)).toEqual(['hepar_approve', 'hepar_reject', 'hepar_open'])
    for (const { value } of buttons.slice(0, 2)) {
      expect(JSON.parse(value as string)).toEqual({ incident: 'i1', planDigest: 'abc123', ask: 'a7', channel: 'chat' })
    }
    expect(buttons[2]?.url).toBe(`${externalUrl}/approvals/i1?plan=abc123`)
  })

  test('has no buttons where nobody could prove that he pressed one', async () => {
    await using slack = await startSlack()
    await deliverTo(slackChannel(slack.url, { signingSecret: null }))(outgoing('chat', approvalAsked))
    expect(buttonsOf(slack.accepted[0]!).map(({ action_id }) => action_id)).toEqual(['hepar_open'])
  })

  test('shows who decided in place of the buttons, whoever did it and where', async () => {
    await using slack = await startSlack()
    const deliver = deliverTo(slackChannel(slack.url))
    const other = receiptOf(await deliver(outgoing('chat', { ...approvalAsked, planDigest: 'older' })))
    const receipt = receiptOf(await deliver(outgoing('chat', approvalAsked)))
    const earlier = [
      { event: 'approval.asked', planDigest: 'older', receipt: other },
      { event: 'approval.asked', planDigest: 'abc123', receipt },
    ]
    const decided = { ...approvalAsked, event: 'approval.decided', decision: 'approved', by: 'operator:alice' }
    expect(await deliver(outgoing('chat', decided, { earlier }))).toMatchObject({ ok: true })
    const [update, told] = slack.accepted.slice(2)
    expect(update).toMatchObject({ method: 'chat.update', body: { ts: JSON.parse(receipt).ts } })
    expect(JSON.stringify(update?.body)).toContain('approved by operator:alice')
    expect(buttonsOf(update!)).toEqual([])
    expect(told).toMatchObject({ method: 'chat.postMessage', body: { thread_ts: JSON.parse(other).ts } })
  })

  test('is not asked again for what it will never do, and is for what may pass', async () => {
    await using slack = await startSlack()
    const outcome = async (answer: object, headers = {}) => {
      slack.next({ code: 200, ...answer, headers: { 'content-type': 'application/json', ...headers } })
      return deliverTo(slackChannel(slack.url))(outgoing('chat', handedOver))
    }
    const error = (word: string) => ({ body: JSON.stringify({ ok: false, error: word }) })
    for (const word of [
      'ratelimited',
      'rate_limited',
      'internal_error',
      'fatal_error',
      'service_unavailable',
      'request_timeout',
    ]) {
      expect(await outcome(error(word)), word).toMatchObject({ ok: false, retry: true })
    }
    for (const word of ['invalid_blocks', 'msg_too_long', 'no_text']) {
      expect(await outcome(error(word)), word).toMatchObject({
        ok: false,
        retry: false,
        reason: expect.stringContaining(word),
      })
    }
    // Whoever keeps Hepar or Slack can mend these within the day.
    for (const word of ['invalid_auth', 'token_revoked', 'missing_scope', 'channel_not_found', 'not_in_channel']) {
      expect(await outcome(error(word)), word).toEqual({
        ok: false,
        retry: true,
        reason: `channel chat: Slack says ${word}`,
      })
    }
    expect(await outcome({ body: '<html>' })).toMatchObject({ ok: false, retry: true })
    expect(await outcome({ code: 502, body: '' })).toMatchObject({ ok: false, retry: true })
    expect(await outcome({ code: 429, ...error('ratelimited') }, { 'retry-after': '30' })).toMatchObject({
      retry: true,
      retryAfterMs: 30_000,
    })
  })

  test('never sees the token in a reason', async () => {
    await using slack = await startSlack()
    const peer = { url: `${slack.url}/api`, headers: {}, bearer: secret('xoxb-wrong-token') }
    const answer = await deliverTo(slackChannel(slack.url, { peer }))(outgoing('chat', handedOver))
    expect(answer).toEqual({ ok: false, retry: true, reason: 'channel chat: Slack says invalid_auth' })
    const echoed = (headers: IncomingHttpHeaders) => JSON.stringify({ ok: false, error: `no ${headers.authorization}` })
    await using echo = await startSink({ answer: ({ headers }) => ({ body: echoed(headers) }) })
    const told = await deliverTo(slackChannel(echo.url, { peer: { ...peer, url: echo.url } }))(
      outgoing('chat', handedOver),
    )
    expect(told).toMatchObject({ ok: false, reason: 'channel chat: Slack says no Bearer [redacted]' })
  })

  test('takes every hostile label', async () => {
    await using slack = await startSlack()
    const deliver = deliverTo(slackChannel(slack.url))
    for (const text of [hostile.join(' '), ...hostile.slice(-4)]) {
      const alerts = [{ status: text, labels: { [text]: text }, annotations: { summary: text } }]
      const body = { ...approvalAsked, reason: text, target: text, planDigest: text, alerts, [text]: text }
      expect(await deliver(outgoing('chat', body))).toMatchObject({ ok: true })
    }
  })

  test('makes no mention, no link and no format of any text, and stays within its limits', () => {
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 200 }))
    fc.assert(
      fc.property(text, text, text, (reason, label, target) => {
        const alerts = Array.from({ length: 9 }, () => ({ status: 'firing', labels: { [label]: reason } }))
        const words = wordsOf({ ...handedOver, reason, target, alerts, [label]: { [reason]: label } }, externalUrl)
        const blocks = blocksOf(words, null)
        expect(slackRefuses(blocks)).toBe(false)
        const parts = (blocks as unknown as Block[]).flatMap(({ text, fields }) => [
          ...(text ? [text] : []),
          ...(fields ?? []),
        ])
        for (const { type, text } of parts) {
          expect(type).toBe('plain_text')
          expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)|[\p{Cc}\p{Cf}]/u)
        }
        expect(JSON.stringify(blocks).length).toBeLessThan(80_000)
      }),
      { numRuns: 60 },
    )
  })

  test('does not parse the words that stand in its notifications either', async () => {
    await using slack = await startSlack()
    await deliverTo(slackChannel(slack.url))(outgoing('chat', { ...handedOver, target: '<!channel> & <@U1>' }))
    expect(slack.accepted[0]?.body).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false })
    expect(slack.accepted[0]?.body.text).toContain('&lt;!channel&gt; &amp; &lt;@U1&gt;')
  })
})
