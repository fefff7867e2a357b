import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { secret } from '../../src/domain/secret.ts'
import { HeparError } from '../../src/engine/errors.ts'
import { isSignedBySlack } from '../../src/http/slack-signature.ts'
import { slackChannel } from '../adapters/notify/channels.ts'
import { documented } from '../kit/vendors.ts'
import { fakeWorld, now } from './fake-parts.ts'
import { serve } from './serve.ts'

const example = documented('slack-signing') as Record<string, string>
const signed = (change: Partial<Record<'body' | 'timestamp' | 'signature', string | undefined>> = {}, ageMs = 0) => {
  const { body, timestamp, signature } = { ...example, ...change }
  const at = Number(example.timestamp) * 1_000 + ageMs
  return isSignedBySlack({ raw: Buffer.from(body ?? ''), timestamp, signature }, secret(example.signingSecret!), at)
}

describe('the signature', () => {
  test('of Slack’s own example is right', () => expect(signed()).toBe(true))

  test('is wrong over other bytes, another time, another secret and without its parts', () => {
    expect(signed({ body: `${example.body} ` })).toBe(false)
    expect(signed({ timestamp: String(Number(example.timestamp) + 1) })).toBe(false)
    expect(signed({ signature: example.signature!.replace('v0=', 'v1=') })).toBe(false)
    expect(signed({ signature: example.signature!.slice(0, -1) })).toBe(false)
    expect(signed({ signature: '' })).toBe(false)
    expect(signed({ signature: undefined })).toBe(false)
    expect(signed({ timestamp: undefined })).toBe(false)
    expect(signed({ timestamp: `${example.timestamp}.0` })).toBe(false)
    const other = { raw: Buffer.from(example.body!), timestamp: example.timestamp, signature: example.signature }
    expect(isSignedBySlack(other, secret('another'), Number(example.timestamp) * 1_000)).toBe(false)
  })

  test('is worth nothing when it is older than five minutes, or of the future', () => {
    expect(signed({}, 300_000)).toBe(true)
    expect(signed({}, 300_001)).toBe(false)
    expect(signed({}, -300_001)).toBe(false)
  })
})

type Decision = { incident: string; planDigest: string; decision: string; by: string }

/** A server with two channels of Slack, whose engine writes down what is decided and lets only the first decision win. */
async function open(decide?: (decision: Decision) => Promise<unknown>, undecided = false) {
  const chat = slackChannel('http://127.0.0.1:9', { name: 'chat', signingSecret: secret('secret of chat') })
  const other = slackChannel('http://127.0.0.1:9', {
    name: 'other',
    signingSecret: secret('secret of other'),
    approvers: { UEVE: 'eve' },
  })
  const world = fakeWorld({ notify: [chat, other] })
  const decided: Decision[] = []
  const decideApproval = async (decision: Decision) => {
    await decide?.(decision)
    if (decided.length > 0) throw new HeparError('conflict', `decided by ${decided[0]?.by} already`)
    decided.push(decision)
    return { approval: { state: undecided ? 'pending' : 'approved' } }
  }
  Object.assign(world.parts.engine, { decideApproval })
  const { url } = await serve(world)
  return { world, decided, url }
}

const value = (change = {}) => JSON.stringify({ incident: 'i1', planDigest: 'd1', channel: 'chat', ...change })

function pressOf(change: object = {}, action: object = {}): string {
  const { payload } = documented('slack-block-actions') as { payload: Record<string, unknown> & { actions: object[] } }
  const actions = [{ ...payload.actions[0], action_id: 'hepar_approve', value: value(), ...action }]
  return new URLSearchParams({ payload: JSON.stringify({ ...payload, actions, ...change }) }).toString()
}

async function press(
  url: string,
  body: string,
  { key = 'secret of chat', at = now, headers = {} as Record<string, string> } = {},
) {
  const timestamp = String(Math.floor(at / 1_000))
  const signature = `v0=${createHmac('sha256', key).update(`v0:${timestamp}:${body}`).digest('hex')}`
  const response = await fetch(`${url}/hooks/slack`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
      ...headers,
    },
  })
  return { status: response.status, text: await response.text() }
}

describe('a press of a button in Slack', () => {
  test('decides in the name by which Hepar knows the person', async () => {
    const { decided, url } = await open()
    expect(await press(url, pressOf())).toEqual({ status: 200, text: '' })
    const reason = 'approve pressed in Slack'
    expect(decided).toEqual([{ incident: 'i1', planDigest: 'd1', decision: 'approve', by: 'operator:alice', reason }])
  })

  test('that is repeated decides nothing again, and says who was first', async () => {
    const { decided, url, world } = await open()
    const body = pressOf()
    await press(url, body)
    expect((await press(url, body)).status).toBe(200)
    expect((await press(url, pressOf({}, { action_id: 'hepar_reject' }))).status).toBe(200)
    expect(decided).toHaveLength(1)
    const words = 'Not decided by you: decided by operator:alice already'
    const whisper = { verb: 'whisper', by: 'chat', more: { place: 'CBR2V3XEX', user: 'UA8RXUSPL', words } }
    expect(world.asked).toEqual([whisper, whisper])
  })

  test('that is the first of two is answered to whom it was, who would press again otherwise', async () => {
    const { url, world } = await open(undefined, true)
    expect((await press(url, pressOf())).status).toBe(200)
    const words = 'Approved by you. Under four eyes one more person must, too.'
    expect(world.asked).toMatchObject([{ verb: 'whisper', more: { user: 'UA8RXUSPL', words } }])
  })

  test('by somebody who is no approver decides nothing, and is told so', async () => {
    const { decided, url, world } = await open()
    for (const id of ['UMALLORY', '__proto__', 'constructor', 'UEVE']) {
      expect((await press(url, pressOf({ user: { id } }))).status).toBe(403)
    }
    expect(decided).toEqual([])
    expect(world.asked).toHaveLength(4)
  })

  test('that Slack has not signed for this very channel decides nothing', async () => {
    const { decided, url, world } = await open()
    expect((await press(url, pressOf(), { key: 'guessed' })).status).toBe(401)
    expect((await press(url, pressOf(), { at: now - 301_000 })).status).toBe(401)
    expect((await press(url, pressOf(), { headers: { 'x-slack-signature': '' } })).status).toBe(401)
    // Signed by the app of another channel, whose approvers are not those of this one.
    const eve = pressOf({ user: { id: 'UEVE' } })
    expect((await press(url, eve, { key: 'secret of other' })).status).toBe(403)
    expect((await press(url, pressOf(), { key: 'secret of other' })).status).toBe(403)
    const proxied = { Host: 'hepar.example.test' }
    expect((await press(url, pressOf(), { key: 'guessed', headers: proxied })).status).toBe(401)
    expect(decided).toEqual([])
    expect(world.failures).toEqual(Array(4).fill('signature'))
  })

  test('of another shape decides nothing', async () => {
    const { decided, url } = await open()
    for (const body of [
      'payload=%7B',
      'nothing=here',
      pressOf({ type: 'view_submission' }),
      pressOf({}, { action_id: 'hepar_open' }),
      pressOf({}, { action_id: 'constructor' }),
    ]) {
      expect((await press(url, body)).status).toBe(200)
    }
    expect((await press(url, pressOf({}, { value: 'x' }))).status).toBe(403)
    expect((await press(url, pressOf({}, { value: value({ channel: 'other' }) }))).status).toBe(403)
    expect((await press(url, pressOf(), { headers: { 'content-type': 'application/json' } })).status).toBe(415)
    expect((await press(url, 'x'.repeat(1_100_000))).status).toBe(413)
    expect(decided).toEqual([])
  })

  test('is answered in time, however long the decision takes', async () => {
    const gate = Promise.withResolvers<void>()
    const { decided, url } = await open(() => gate.promise)
    const begun = performance.now()
    expect((await press(url, pressOf())).status).toBe(200)
    expect(performance.now() - begun).toBeLessThan(3_000)
    gate.resolve()
    await expect.poll(() => decided.length).toBe(1)
  })
})
