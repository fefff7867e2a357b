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
    policies: [{ name: 'opa', peer: { url: 'http://d', headers: {}, bearer: secret('policy-token') } }],
    sources: [{ name: 'main', alertmanagers: [peer], prometheus: basic }],
    notify: [
      {
        type: 'webhook',
        name: 'oncall',
        peer: { url: 'http://c', headers: {}, bearer: secret('channel') },
        secret: secret('webhook-secret'),
      },
      {
        type: 'slack',
        name: 'chat',
        peer: { url: 'http://c', headers: {}, bearer: secret('slack-token') },
        room: 'C1',
        signingSecret: secret('signing-secret'),
        approvers: {},
      },
      { type: 'pagerduty', name: 'pager', peer: { url: 'http://c', headers: {} }, routingKey: secret('routing-key') },
      {
        type: 'email',
        name: 'mail',
        server: { host: 'mail', port: 587 },
        security: 'starttls',
        ca: null,
        login: { user: 'u', password: secret('mail-password') },
        from: 'a@b',
        to: ['c@d'],
      },
    ],
    redis: [{ password: secret('redis-password') }, { password: null }] as RedisServer[],
  })
  const ofChannels = ['webhook-secret', 'slack-token', 'signing-secret', 'routing-key', 'mail-password']
  const known = [
    'admin-token',
    'bearer',
    'header-secret',
    'basic',
    'channel',
    'redis-password',
    'policy-token',
    ...ofChannels,
  ]
  expect([...secretsOf(all)].sort()).toEqual(known.sort())
})
