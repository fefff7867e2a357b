import { afterAll, describe, expect, test } from 'vitest'
import { documented, routingKey, slackToken, startPagerDuty, startSlack } from './vendors.ts'

async function ask(url: string, body: unknown, headers: Record<string, string>) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', body: text, headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the stand-in for Slack', async () => {
  const slack = await startSlack()
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${slackToken}` }
  const good = { channel: 'C1H9RESGL', text: 'Hello world' }
  const post = (body: unknown, more: Record<string, string> = {}, method = 'chat.postMessage') =>
    ask(`${slack.url}/api/${method}`, body, { ...headers, ...more })

  test('takes the documented request', async () => {
    const { status, body } = await post(good)
    expect(status).toBe(200)
    expect(body).toMatchObject({ ok: true, channel: 'C1H9RESGL', ts: expect.stringMatching(/^\d+\.\d{6}$/) })
  })

  test.each([
    ['another way to sign in', good, { authorization: 'Basic eDp5' }, 'invalid_auth'],
    ['a wrong token', good, { authorization: 'Bearer xoxb-other' }, 'invalid_auth'],
    ['a wrong content type', good, { 'content-type': 'application/xml' }, 'invalid_post_type'],
    ['an unknown channel', { ...good, channel: 'nowhere' }, {}, 'channel_not_found'],
    ['no channel', { text: 'Hello' }, {}, 'channel_not_found'],
    ['nothing to say', { channel: 'C1H9RESGL' }, {}, 'no_text'],
    ['an argument that is none', { ...good, subject: 'x' }, {}, 'invalid_arg_name'],
    ['a thread that is none', { ...good, thread_ts: '1.000001' }, {}, 'message_not_found'],
    [
      'a header that is too long',
      { ...good, blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] },
      {},
      'invalid_blocks',
    ],
    ['an empty section', { ...good, blocks: [{ type: 'section' }] }, {}, 'invalid_blocks'],
  ])('refuses %s', async (_, body, more, error) => {
    expect(await post(body, more)).toEqual({ status: 200, body: { ok: false, error } })
  })

  afterAll(() => slack[Symbol.asyncDispose]())
})

describe('the stand-in for PagerDuty', async () => {
  const pagerDuty = await startPagerDuty()
  const good = {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: 'samplekeyhere',
    payload: { summary: 'Example alert on host1.example.com', source: 'host1', severity: 'info' },
  }
  const post = (body: unknown) => ask(`${pagerDuty.url}/v2/enqueue`, body, { 'content-type': 'application/json' })

  test('takes the documented requests', async () => {
    const { accepted } = documented('pagerduty-events-v2') as { accepted: { status: number; body: object } }
    expect(await post(good)).toEqual({ status: accepted.status, body: accepted.body })
    const resolve = { routing_key: routingKey, event_action: 'resolve', dedup_key: 'samplekeyhere' }
    expect((await post(resolve)).status).toBe(202)
  })

  test.each([
    ['broken JSON', '{', 'the JSON is invalid'],
    [
      'a routing key of another length',
      { ...good, routing_key: 'short' },
      "Length of 'routing_key' is incorrect (should be 32 characters)",
    ],
    ['an unknown action', { ...good, event_action: 'open' }, "'event_action' is invalid"],
    [
      'an unknown severity',
      { ...good, payload: { ...good.payload, severity: 'page' } },
      "'payload.severity' is invalid",
    ],
    ['no source', { ...good, payload: { summary: 'x', severity: 'info' } }, "'payload.source' is missing or blank"],
    [
      'a summary that is too long',
      { ...good, payload: { ...good.payload, summary: 'x'.repeat(1025) } },
      "'payload.summary' is too long",
    ],
    ['a resolve of nothing', { routing_key: routingKey, event_action: 'resolve' }, "'dedup_key' is missing"],
  ])('refuses %s', async (_, body, error) => {
    const answer = await post(body)
    expect(answer).toEqual({
      status: 400,
      body: { status: 'invalid event', message: 'Event object is invalid', errors: [error] },
    })
  })

  afterAll(() => pagerDuty[Symbol.asyncDispose]())
})
