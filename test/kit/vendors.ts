import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Sink, SinkRequest } from './sink.ts'
import { startSink } from './sink.ts'

type Fields = Record<string, unknown>

/** What a vendor documents, as it is written down under `test/fixtures/vendors`. */
export function documented(name: string): Fields {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../fixtures/vendors/${name}.json`), 'utf8')) as Fields
}

export interface Vendor extends AsyncDisposable {
  readonly url: string
  /** What was accepted, in order. */
  readonly accepted: readonly { readonly method: string; readonly body: Fields }[]
  readonly sink: Sink
  /** Answers so instead, as often as given. */
  next(...answers: Answer[]): void
}

async function startVendor(
  judge: (request: SinkRequest, accept: (method: string, body: Fields) => void) => Answer,
): Promise<Vendor> {
  const accepted: { method: string; body: Fields }[] = []
  const waiting: Answer[] = []
  const sink = await startSink({
    answer: (request) => waiting.shift() ?? judge(request, (method, body) => void accepted.push({ method, body })),
  })
  return {
    url: sink.url,
    accepted,
    sink,
    next: (...answers) => void waiting.push(...answers),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  }
}

interface SlackRules {
  readonly contentTypes: readonly string[]
  readonly methods: Record<string, { required: string[]; needsOneOf: string[]; accepts: string[]; answer: Fields }>
  readonly errors: Record<string, string>
  readonly limits: Record<string, number>
}

export const slackToken = 'xoxb-the-token-of-the-bot'
export const slackRooms: Readonly<Record<string, string>> = {
  oncall: 'C1H9RESGL',
  team: 'C2H9RESGL',
  C1H9RESGL: 'C1H9RESGL',
}

/** Slack's Web API as it is documented: it answers 200 to nearly everything, and says in the body what it thinks of it. */
export async function startSlack(): Promise<Vendor> {
  const rules = documented('slack-web-api') as unknown as SlackRules
  let count = 0
  const messages = new Set<string>()
  return startVendor((request, accept) => {
    const refuse = (error: string): Answer => json(200, { ok: false, error: rules.errors[error] })
    const method = request.path.replace('/api/', '')
    const rule = rules.methods[method]
    if (!rule || request.method !== 'POST') return json(200, { ok: false, error: 'unknown_method' })
    const type = request.headers['content-type']?.split(';')[0]
    if (type === undefined) return refuse('noContentType')
    if (!rules.contentTypes.includes(type)) return refuse('badContentType')
    const { authorization } = request.headers
    if (authorization === undefined) return refuse('noToken')
    if (authorization !== `Bearer ${slackToken}`) return refuse('badToken')
    const body = request.json() as Fields
    const known = [...rule.required, ...rule.accepts]
    if (Object.keys(body).some((name) => !known.includes(name))) return refuse('unknownArgument')
    const place = slackRooms[String(body.channel)]
    if (place === undefined) return refuse('noChannel')
    if (!rule.needsOneOf.some((name) => body[name])) return refuse('noText')
    if (body.blocks !== undefined && !areBlocks(body.blocks, rules.limits)) return refuse('badBlocks')
    if (String(body.text ?? '').length > (rules.limits.text as number)) return refuse('badBlocks')
    const about = body.ts ?? body.thread_ts
    if (about !== undefined && !messages.has(`${place} ${about}`)) return refuse('unknownMessage')
    accept(method, body)
    count += 1
    const ts = method === 'chat.update' ? String(body.ts) : `1503435956.${String(count).padStart(6, '0')}`
    messages.add(`${place} ${ts}`)
    return json(200, { ...rule.answer, channel: place, ts })
  })
}

/** Whether Slack refuses these blocks, by what it documents. */
export function slackRefuses(blocks: unknown): boolean {
  return !areBlocks(blocks, (documented('slack-web-api') as unknown as SlackRules).limits)
}

function areBlocks(blocks: unknown, limits: Record<string, number>): boolean {
  if (!Array.isArray(blocks) || blocks.length === 0 || blocks.length > limits.blocks!) return false
  return (blocks as Fields[]).every((block) => isBlock(block, limits))
}

function isBlock(block: Fields, limits: Record<string, number>): boolean {
  if (block.type === 'header') return isText(block.text, limits.headerText!, ['plain_text'])
  if (block.type === 'actions')
    return (
      (block.elements as Fields[]).length <= limits.actionElements! &&
      (block.elements as Fields[]).every((one) => isButton(one, limits))
    )
  if (block.type !== 'section') return false
  const fields = (block.fields ?? []) as unknown[]
  if (block.text === undefined && fields.length === 0) return false
  if (fields.length > limits.fields!) return false
  return (
    fields.every((field) => isText(field, limits.fieldText!)) &&
    (block.text === undefined || isText(block.text, limits.sectionText!))
  )
}

function isText(value: unknown, max: number, types = ['plain_text', 'mrkdwn']): boolean {
  const { type, text } = (value ?? {}) as { type?: string; text?: string }
  return types.includes(String(type)) && typeof text === 'string' && text.length >= 1 && text.length <= max
}

function isButton(button: Fields, limits: Record<string, number>): boolean {
  return (
    button.type === 'button' &&
    isText(button.text, limits.buttonText!, ['plain_text']) &&
    String(button.value ?? '').length <= limits.buttonValue! &&
    String(button.url ?? '').length <= limits.buttonUrl! &&
    String(button.action_id).length <= limits.actionId! &&
    [undefined, 'primary', 'danger'].includes(button.style as string | undefined)
  )
}

interface PagerDutyRules {
  readonly path: string
  readonly bytesMax: number
  readonly routingKeyCharacters: number
  readonly actions: readonly string[]
  readonly dedupKeyCharactersMax: number
  readonly severities: readonly string[]
  readonly summaryCharactersMax: number
  readonly payloadRequired: readonly string[]
  readonly payloadOptional: readonly string[]
  readonly optional: readonly string[]
  readonly accepted: { readonly status: number; readonly body: Fields }
  readonly refused: { readonly status: number; readonly body: Fields }
}

export const routingKey = '0123456789abcdef0123456789abcdef'

/** PagerDuty, and whom it has called: the key of the alert for each call, in order; and of the alerts that are open. */
export interface PagerDuty extends Vendor {
  readonly called: readonly string[]
  open(): readonly string[]
}

/** PagerDuty's Events API v2 as it is documented. Nobody is called for an alert that is open already, acknowledged or not. */
export async function startPagerDuty(): Promise<PagerDuty> {
  const rules = documented('pagerduty-events-v2') as unknown as PagerDutyRules
  const called: string[] = []
  const alerts = new Set<string>()
  const vendor = await startVendor((request, accept) => {
    if (request.path !== rules.path || request.method !== 'POST') return { code: 404 }
    const errors = problemsOf(request, rules)
    if (errors.length > 0) return json(rules.refused.status, { ...rules.refused.body, errors })
    const body = request.json() as Fields
    const [action, key] = [String(body.event_action), String(body.dedup_key)]
    accept(action, body)
    if (action === 'trigger' && !alerts.has(key)) called.push(key)
    if (action === 'trigger') alerts.add(key)
    if (action === 'resolve') alerts.delete(key)
    return json(rules.accepted.status, { ...rules.accepted.body, dedup_key: body.dedup_key })
  })
  return { ...vendor, called, open: () => [...alerts] }
}

function problemsOf(request: Pick<SinkRequest, 'body' | 'json'>, rules: PagerDutyRules): string[] {
  if (Buffer.byteLength(request.body) > rules.bytesMax) return ['the event is too large']
  let event: Fields
  try {
    event = request.json() as Fields
  } catch {
    return ['the JSON is invalid']
  }
  const errors: string[] = []
  const unknown = Object.keys(event).filter((key) => !['routing_key', 'event_action', ...rules.optional].includes(key))
  for (const key of unknown) errors.push(`'${key}' is not known`)
  if (String(event.routing_key ?? '').length !== rules.routingKeyCharacters)
    errors.push("Length of 'routing_key' is incorrect (should be 32 characters)")
  if (!rules.actions.includes(String(event.event_action))) errors.push("'event_action' is invalid")
  if (String(event.dedup_key ?? '').length > rules.dedupKeyCharactersMax) errors.push("'dedup_key' is too long")
  if (event.event_action !== 'trigger') return [...errors, ...(event.dedup_key ? [] : ["'dedup_key' is missing"])]
  return [...errors, ...payloadProblems((event.payload ?? {}) as Fields, rules)]
}

/** What PagerDuty calls wrong about an event, by what it documents. */
export function pagerDutyRefuses(event: Fields): string[] {
  const body = JSON.stringify({ routing_key: routingKey, ...event })
  const request = { body, json: () => JSON.parse(body) as unknown }
  return problemsOf(request, documented('pagerduty-events-v2') as unknown as PagerDutyRules)
}

function payloadProblems(payload: Fields, rules: PagerDutyRules): string[] {
  const errors = rules.payloadRequired
    .filter((key) => !payload[key])
    .map((key) => `'payload.${key}' is missing or blank`)
  const known = [...rules.payloadRequired, ...rules.payloadOptional]
  errors.push(
    ...Object.keys(payload)
      .filter((key) => !known.includes(key))
      .map((key) => `'payload.${key}' is not known`),
  )
  if (!rules.severities.includes(String(payload.severity))) errors.push("'payload.severity' is invalid")
  if (String(payload.summary ?? '').length > rules.summaryCharactersMax) errors.push("'payload.summary' is too long")
  return errors
}

function json(code: number, body: Fields): Answer {
  return { code, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}
