import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSilencers } from '../../../src/adapters/alertmanager/silencers.ts'
import { fetchSilences } from '../../../src/adapters/alertmanager/silences.ts'
import { type Alertmanager, startAlertmanager } from '../../kit/alertmanager.ts'
import { startSink } from '../../kit/sink.ts'

let alertmanager: Alertmanager

beforeAll(async () => {
  alertmanager = await startAlertmanager()
})
afterAll(() => alertmanager[Symbol.asyncDispose]())

const attempt = '01900000-0000-7000-8000-000000000001'
const target = 'container/local/web'
const minuteMs = 60_000
const at = (clock: { now(): number }, url = alertmanager.url) => {
  const source = { name: 'main', alertmanagers: [{ url, headers: {} }], prometheus: null }
  const [silencer] = createSilencers(() => [source], { clock })('main')
  if (silencer === undefined) throw new Error('no silencer')
  return silencer
}
const clock = { now: () => Date.now() }

test('a silence covers the alert of exactly these labels, is listed with its mark, extended in place, and expired', async () => {
  const labels = { alertname: 'Odd "\\ name\n火', host: '.*', name: 'web' }
  await alertmanager.post([{ labels }, { labels: { ...labels, host: 'a' } }])
  const silencer = at(clock)
  expect(await silencer.list()).toEqual({ ok: true, silences: [] })
  const wish = { id: null, attempt, target, labels, endsAt: Date.now() + minuteMs }
  const made = await silencer.set(wish)
  if (!made.ok) throw new Error(made.reason)
  const heard = async (host: string) =>
    (await alertmanager.alerts()).find((one) => one.labels.host === host)?.status.silencedBy
  expect([await heard('.*'), await heard('a')]).toEqual([[made.id], []])
  const bounds = { clock, timeoutMs: 5_000, bytesMax: 1e6 }
  expect(await fetchSilences({ url: alertmanager.url, headers: {} }, bounds)).toMatchObject({
    marks: new Map([[made.id, attempt]]),
  })

  const listed = await silencer.list()
  expect(listed).toEqual({ ok: true, silences: [{ id: made.id, attempt, labels, endsAt: wish.endsAt }] })
  const endsAt = wish.endsAt + minuteMs
  expect(await silencer.set({ ...wish, id: made.id, endsAt })).toEqual({ ok: true, id: made.id })
  expect(await silencer.list()).toMatchObject({ silences: [{ id: made.id, endsAt }] })
  expect(await silencer.expire(made.id)).toEqual({ ok: true })
  expect(await silencer.list()).toEqual({ ok: true, silences: [] })
  expect(await heard('.*')).toEqual([])
  // Of one that has expired it must still be known whose it was, for lists of alerts may be older.
  expect(await fetchSilences({ url: alertmanager.url, headers: {} }, bounds)).toMatchObject({
    silences: [],
    marks: new Map([[made.id, attempt]]),
  })
  for (const id of [made.id, '01900000-0000-4000-8000-00000000ffff']) {
    expect(await silencer.expire(id)).toEqual({ ok: true })
  }
})

test('what people silence is never listed, also when they write what Hepar writes', async () => {
  const comment = `Hepar is healing ${target} (attempt ${attempt})`
  for (const [author, words] of [
    ['ada', comment],
    ['hepar', 'because I say so'],
    ['hepar', `${comment} no more`],
  ]) {
    await alertmanager.amtool('silence', 'add', `--author=${author}`, `--comment=${words}`, '--duration=1m', 'a=b')
  }
  expect(await at(clock).list()).toEqual({ ok: true, silences: [] })
})

test('a silence ends by the clock of its Alertmanager, however far that is from ours', async () => {
  for (const hours of [-3, 3]) {
    const skewed = { now: () => Date.now() + hours * 60 * minuteMs }
    const silencer = at(skewed)
    await silencer.list()
    const made = await silencer.set({
      id: null,
      attempt,
      target,
      labels: { a: `${hours}` },
      endsAt: skewed.now() + minuteMs,
    })
    if (!made.ok) throw new Error(made.reason)
    const kept = (await alertmanager.silences()).find(({ id }) => id === made.id)
    expect(kept?.status.state).toBe('active')
    const left = Date.parse(kept?.endsAt ?? '') - Date.now()
    expect(left).toBeGreaterThan(minuteMs / 2)
    expect(left).toBeLessThan(minuteMs + 5_000)
  }
})

test('an Alertmanager that refuses or is away is named with what it said', async () => {
  await using sink = await startSink({ answer: { code: 403, body: '"not you"' } })
  const wish = { id: null, attempt, target, labels: { a: 'b' }, endsAt: Date.now() + minuteMs }
  for (const [url, words] of [
    [sink.url, /403.*not you/],
    ['http://127.0.0.1:1', /ECONNREFUSED/],
  ] as const) {
    const silencer = at(clock, url)
    for (const reply of [await silencer.list(), await silencer.set(wish), await silencer.expire('s1')]) {
      expect(reply).toMatchObject({ ok: false, reason: expect.stringMatching(words) })
      expect(reply).toMatchObject({ reason: expect.stringContaining(url) })
    }
  }
})
