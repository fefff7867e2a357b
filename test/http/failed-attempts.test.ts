import { expect, test } from 'vitest'
import { createFailedAttempts } from '../../src/http/failed-attempts.ts'
import { fakeWorld, token } from './fake-parts.ts'
import { bearer, json, serve } from './serve.ts'

const minute = 60_000

function attemptsAt() {
  const clock = { at: 1_000 }
  const attempts = createFailedAttempts(() => clock.at)
  const fail = (address: string, times: number) => {
    for (let time = 0; time < times; time++) attempts.note(address)
  }
  return { attempts, clock, fail }
}

test('after ten failures the wait grows to five minutes, and ends', () => {
  const { attempts, clock, fail } = attemptsAt()
  fail('10.0.0.1', 9)
  expect(attempts.waitMs('10.0.0.1')).toBe(0)
  const waits = Array.from({ length: 11 }, () => {
    fail('10.0.0.1', 1)
    return attempts.waitMs('10.0.0.1') / 1_000
  })
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  expect(attempts.waitMs('10.0.0.2')).toBe(0)
  clock.at += 5 * minute
  expect(attempts.waitMs('10.0.0.1')).toBe(0)
  fail('10.0.0.1', 1)
  expect(attempts.waitMs('10.0.0.1')).toBe(5 * minute)
  clock.at += 15 * minute + 1
  fail('10.0.0.1', 1)
  expect(attempts.waitMs('10.0.0.1')).toBe(0)
})

test('whoever has many IPv6 addresses has one network', () => {
  const { attempts, fail } = attemptsAt()
  for (let host = 1; host <= 10; host++) fail(`2001:db8::${host.toString(16)}`, 1)
  expect(attempts.waitMs('2001:db8:0:0:ffff::1')).toBe(1_000)
  expect(attempts.waitMs('2001:db8:0:1::1')).toBe(0)
  fail('::ffff:10.0.0.1', 10)
  expect(attempts.waitMs('::ffff:10.0.0.2')).toBe(0)
})

test('what is remembered is bounded, and the oldest is forgotten first', () => {
  const { attempts, fail } = attemptsAt()
  fail('first', 10)
  fail('second', 10)
  for (let other = 0; other < 9_999; other++) fail(`other${other}`, 1)
  expect([attempts.waitMs('first'), attempts.waitMs('second')]).toEqual([0, 1_000])
})

const long = 'x'.repeat(24)
const tokens = [token('webhook', 'am'), token('admin', 'short'), token('admin', `${long}`)]
const delivery = { version: '4', alerts: [] }

test('wrong tokens are limited, and lock out nobody whose token is right and cannot be guessed', async () => {
  const world = fakeWorld({ auth: { tokens } })
  const { ask } = await serve(world)
  const status = async (given: string) => (await ask('/api/v1/alerts', { headers: bearer(given) })).status
  for (let time = 0; time < 10; time++) expect(await status(`guess${time}`)).toBe(401)
  const limited = await ask('/api/v1/alerts', { headers: bearer('guess') })
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
  // From the very same address: Alertmanager, an admin, and one whose token could be found by trying.
  expect((await ask('/webhook/alertmanager', json(delivery, bearer('am-token')))).status).toBe(200)
  expect(await status(`${long}-token`)).toBe(200)
  expect(await status('short-token')).toBe(429)
  expect(world.failures.slice(-2)).toEqual(['limited', 'limited'])
})

test('a known token that is over is no guess', async () => {
  const { ask } = await serve(fakeWorld({ auth: { tokens: [{ ...token('webhook', 'old'), expiresAt: 0 }] } }))
  for (let time = 0; time < 20; time++)
    expect((await ask('/webhook/alertmanager', json(delivery, bearer('old-token')))).status).toBe(401)
})

test('signing in is limited by the same count', async () => {
  const world = fakeWorld({ auth: { tokens } })
  const { ask, url } = await serve(world)
  const signIn = async () => {
    const body = new URLSearchParams({ token: 'guess' })
    return ask('/login', { method: 'POST', headers: { Origin: url }, body, redirect: 'manual' })
  }
  for (let time = 0; time < 10; time++) expect((await signIn()).status).toBe(401)
  const limited = await signIn()
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await ask('/api/v1/alerts', { headers: bearer('guess') })).status).toBe(429)
})
