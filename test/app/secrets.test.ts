import { expect, test } from 'vitest'
import { secretsOf } from '../../src/app/secrets.ts'
import type { RedisServer } from '../../src/domain/redis-server.ts'
import { secret } from '../../src/domain/secret.ts'
import { config, token } from '../http/fake-parts.ts'

test('every secret of a configuration is known to the log, which leaves it out', () => {
  const peer = {
    url: 'http://a',
    headers: { 'X-Api-Key': 'header-secret', 'X-Scope': 'public' },
    bearer: secret('bearer'),
  }
  const basic = { url: 'http://b', headers: {}, basic: { user: 'u', password: secret('basic') } }
  const all = config({
    auth: { tokens: [token('admin')] },
    sources: [{ name: 'main', alertmanagers: [peer], prometheus: basic }],
    notify: [{ name: 'oncall', peer: { url: 'http://c', headers: {}, bearer: secret('channel') } }],
    redis: [{ password: secret('redis-password') }, { password: null }] as RedisServer[],
  })
  const known = ['admin-token', 'bearer', 'header-secret', 'basic', 'channel', 'redis-password']
  expect([...secretsOf(all)].sort()).toEqual(known.sort())
})
