import * as z from 'zod'
import {
  type Channel,
  channelTypes,
  type EmailChannel,
  type PagerDutyChannel,
  type SlackChannel,
  type WebhookChannel,
} from '../domain/config.ts'
import { didYouMean } from '../domain/suggestion.ts'
import { nameField, optional, section, textField, wordField } from '../files/fields.ts'
import { isLoopback, parseAddress } from './addresses.ts'
import { peerKeys, tlsField, toPeer, urlField } from './peer.ts'
import { fileField, type References, referenceField, secretField } from './references.ts'

type Nameless<C extends Channel> = C extends Channel ? Omit<C, 'name'> : never

/** A channel of `notify`: a URL alone, or a map whose `type` says how people are told; without one it is a webhook. */
export function channelField(references: References) {
  const kinds = z.discriminatedUnion(
    'type',
    [webhookSection(references), slackSection(references), pagerDutySection(references), emailSection(references)],
    { error: ({ code, input }) => (code === 'invalid_union' ? typeProblem(input) : undefined) },
  )
  return z.preprocess(withType, kinds).meta({ shorthand: 'string' })
}

function withType(value: unknown): unknown {
  if (typeof value === 'string') return { type: 'webhook', url: value }
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'type' in value) return value
  return { type: 'webhook', ...value }
}

function typeProblem(input: unknown): string {
  const type = (input as { type?: unknown } | null)?.type
  const hint = typeof type === 'string' ? didYouMean(type, channelTypes) : ''
  return `must be one of ${channelTypes.join(', ')}${hint}`
}

function webhookSection(references: References) {
  return section({
    // What is not written is a webhook, so an editor must not demand the word.
    type: z.literal('webhook').optional(),
    ...peerKeys(references, 'whole'),
    secret: optional(secretField(references)),
  }).transform(({ secret, type: _, ...keys }, context): Nameless<WebhookChannel> => {
    return { type: 'webhook', peer: toPeer(keys, context), secret: secret ?? null }
  })
}

const slackUser = z.string().regex(/^[UW][A-Z0-9]{2,30}$/, 'must be a user id of Slack, such as U012AB3CD')

function slackSection(references: References) {
  return section({
    type: z.literal('slack'),
    token: secretField(references),
    channel: textField(80).regex(/^[#\w.-]+$/, 'must be an id such as C0123ABCD, or the name of a channel'),
    signingSecret: optional(secretField(references)),
    approvers: optional(z.record(slackUser, nameField)),
    url: optional(urlField(references, 'base')),
    tls: optional(tlsField(references)),
  }).transform(({ token, channel, signingSecret, approvers, url, tls }, context): Nameless<SlackChannel> => {
    const peer = toPeer({ url: url ?? 'https://slack.com/api', bearer: token, tls }, context)
    if (approvers && !signingSecret) {
      const message = 'has no effect without signingSecret, which proves that a press of a button comes from Slack'
      context.addIssue({ code: 'custom', path: ['approvers'], message })
    }
    return { type: 'slack', peer, room: channel, signingSecret: signingSecret ?? null, approvers: approvers ?? {} }
  })
}

function pagerDutySection(references: References) {
  return section({
    type: z.literal('pagerduty'),
    routingKey: secretField(references),
    url: optional(urlField(references, 'base')),
    tls: optional(tlsField(references)),
  }).transform(({ routingKey, url, tls }, context): Nameless<PagerDutyChannel> => {
    const key = routingKey.reveal()
    if (key !== '' && key.length !== 32) {
      const message = 'must be the 32 characters of an integration key for the Events API v2'
      context.addIssue({ code: 'custom', path: ['routingKey'], message })
    }
    return { type: 'pagerduty', peer: toPeer({ url: url ?? 'https://events.pagerduty.com', tls }, context), routingKey }
  })
}

// Only what needs no quoting: an address in a file must not become two.
const mailAddress = z
  .string()
  .max(254)
  .regex(
    /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/,
    'must be a bare mail address such as oncall@example.org',
  )

const implicitTlsPort = 465

function emailSection(references: References) {
  return section({
    type: z.literal('email'),
    server: serverField(references),
    security: optional(wordField(['starttls', 'implicit', 'none'])),
    ca: optional(fileField(references)),
    user: optional(referenceField(references)),
    password: optional(secretField(references)),
    from: mailAddress,
    to: z.array(mailAddress).min(1, 'must name at least one address').max(50),
  }).transform(({ server, security, ca, user, password, from, to }, context): Nameless<EmailChannel> => {
    const usual = server.port === implicitTlsPort ? 'implicit' : 'starttls'
    const chosen = security ?? usual
    if ((user === undefined) !== (password === undefined)) context.addIssue('user and password belong together')
    if (chosen === 'none' && password !== undefined && !isLoopback(server.host)) {
      const message = 'would send the password in clear text: use starttls or implicit'
      context.addIssue({ code: 'custom', path: ['security'], message })
    }
    if (chosen === 'none' && ca !== undefined) {
      context.addIssue({ code: 'custom', path: ['ca'], message: 'has no effect without starttls or implicit' })
    }
    const login = user === undefined || password === undefined ? null : { user, password }
    return { type: 'email', server, security: chosen, ca: ca ?? null, login, from, to }
  })
}

function serverField(references: References) {
  return referenceField(references).transform((text, context) => {
    const server = parseAddress(text)
    if (!server?.port && text !== '') context.addIssue('must be a host with a port, such as mail.example.org:587')
    return server ?? { host: '', port: 0 }
  })
}
