import { createDeliver } from '../../../src/adapters/notify/deliver.ts'
import type {
  Channel,
  EmailChannel,
  PagerDutyChannel,
  SlackChannel,
  WebhookChannel,
} from '../../../src/domain/config.ts'
import type { JsonObject } from '../../../src/domain/json.ts'
import { secret } from '../../../src/domain/secret.ts'
import type { Outgoing } from '../../../src/engine/tell/delivery-port.ts'
import type { MailServer } from '../../kit/mail-server.ts'
import { mailLogin } from '../../kit/mail-server.ts'
import { routingKey, slackToken } from '../../kit/vendors.ts'

export const noon = Date.parse('2030-05-01T12:00:00Z')
export const externalUrl = 'https://hepar.example.test'

export function webhookChannel(url: string, change: Partial<WebhookChannel> = {}): WebhookChannel {
  return { type: 'webhook', name: 'oncall', peer: { url, headers: {} }, secret: null, ...change }
}

export function slackChannel(url: string, change: Partial<SlackChannel> = {}): SlackChannel {
  const peer = { url: `${url}/api`, headers: {}, bearer: secret(slackToken) }
  const approvers = { UA8RXUSPL: 'alice' }
  return {
    type: 'slack',
    name: 'chat',
    peer,
    room: 'oncall',
    signingSecret: secret('a signing secret'),
    approvers,
    ...change,
  }
}

export function pagerDutyChannel(url: string): PagerDutyChannel {
  return { type: 'pagerduty', name: 'pager', peer: { url, headers: {} }, routingKey: secret(routingKey) }
}

export function emailChannel(
  { port, caFile }: Pick<MailServer, 'port' | 'caFile'>,
  change: Partial<EmailChannel> = {},
): EmailChannel {
  return {
    type: 'email',
    name: 'mail',
    server: { host: '127.0.0.1', port },
    security: 'starttls',
    ca: caFile,
    login: { user: mailLogin.user, password: secret(mailLogin.password) },
    from: 'hepar@example.test',
    to: ['oncall@example.test'],
    ...change,
  }
}

export function deliverTo(channel: Channel, { timeoutMs = 10_000 } = {}) {
  return createDeliver({
    channels: () => [channel],
    externalUrl: () => externalUrl,
    clock: { now: () => noon },
    timeoutMs,
  })
}

/** A message to a channel about the incident i1. */
export function outgoing(channel: string, body: JsonObject, change: Partial<Outgoing> = {}): Outgoing {
  return { channel, idempotencyKey: `key@${channel}`, subject: 'i1', body, createdAt: noon, earlier: [], ...change }
}

export const handedOver: JsonObject = {
  event: 'incident.handed_over',
  incident: 'i1',
  playbook: 'redis-down',
  target: 'redis/cache',
  reason: 'the restart did not help',
  illSince: '2030-05-01T11:50:00.000Z',
  alerts: [
    {
      fingerprint: 'f1',
      status: 'firing',
      labels: { alertname: 'RedisDown', severity: 'page' },
      annotations: { summary: 'Redis is down' },
    },
  ],
  attempts: [
    {
      action: 'redis-restart',
      outcome: 'ineffective',
      plan: 'restart cache',
      checks: [{ check: 'promql', passed: false, detail: '0' }],
    },
  ],
}

export const approvalAsked: JsonObject = {
  event: 'approval.asked',
  incident: 'i1',
  playbook: 'redis-down',
  target: 'redis/cache',
  reason: 'mode approve',
  planDigest: 'abc123',
  plan: { summary: 'restart cache' },
  expiresAt: '2030-05-01T12:30:00.000Z',
}

/** Alert text as an attacker would write it. */
export const hostile = [
  '<!channel> <@U123> <https://evil.example|click me>',
  '&lt;!here&gt;',
  '*bold* _it_ ~no~ `code` ```block```',
  'a\r\nBcc: everybody@example.test\r\n\r\nbody',
  'a\nb\tc\u0000d',
  '\u202egnp.exe \u2066x\u2069 \u200b\u200d\ufeff\u00ad\u{e0041}',
  '<script>alert(1)</script>',
  '$' + '{7*7} {{ 7*7 }}',
  'x'.repeat(100_000),
  '<'.repeat(5_000),
  '😀'.repeat(3_000),
  '\ud800',
]
