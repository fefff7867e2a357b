import type { Json, JsonObject } from '../../domain/json.ts'
import type { NoticeEvent } from '../../domain/message.ts'

export const severities = ['critical', 'error', 'warning', 'info'] as const
export type Severity = (typeof severities)[number]

/** A notice in words that no channel has shaped yet. Every text may be hostile and of any length. */
export interface Words {
  readonly title: string
  readonly severity: Severity
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly paragraphs: readonly string[]
  /** Where more is to be seen, on Hepar's own address; never from an alert. */
  readonly link: string | null
  /** The decision that is asked for. */
  readonly asks: { readonly incident: string; readonly planDigest: string; readonly ask?: string } | null
}

const factsMax = 20
const listMax = 6
const urlCharactersMax = 2_000

/** What a notice says. Whatever is missing or of another shape is left out; what is unknown is shown as it is. */
export function wordsOf(body: JsonObject, externalUrl: string | null): Words {
  const asks = asked(body)
  return {
    title: titleOf(body),
    severity: severityOf(body),
    facts: factsOf(body),
    paragraphs: [...attemptsOf(body), ...alertsOf(body)],
    link: linkOf(body, asks, externalUrl),
    asks,
  }
}

/** How each kind of notice begins. */
const beginnings: Readonly<Record<NoticeEvent, (body: JsonObject) => string>> = {
  'incident.handed_over': () => 'Handed over to you',
  'incident.closed': ({ ending }) => `Closed${text(ending) && `, ${text(ending)}`}`,
  'approval.asked': () => 'Approval asked',
  'approval.decided': ({ decision, by }) => `Approval ${text(decision) || 'decided'}${text(by) && ` by ${text(by)}`}`,
  'storm.latched': () => 'Storm: no new effects',
  'storm.released': () => 'Storm over: effects are allowed again',
  'playbook.demoted': () => 'Playbook demoted to approve',
  'channel.tested': () => 'Test: this channel works',
}

function titleOf(body: JsonObject): string {
  const event = text(body.event)
  const begin = Object.hasOwn(beginnings, event) ? beginnings[event as NoticeEvent](body) : event || 'Notice'
  const [what, playbook] = [text(body.target), text(body.playbook)]
  if (what === '') return playbook === '' ? begin : `${begin}: ${playbook}`
  return `${begin}: ${what}${playbook && ` (${playbook})`}`
}

/** The closed set to which the words that people use for severities come down. */
const severityWords: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  page: 'critical',
  fatal: 'critical',
  emergency: 'critical',
  error: 'error',
  major: 'error',
  high: 'error',
  warning: 'warning',
  warn: 'warning',
  medium: 'warning',
  minor: 'warning',
  info: 'info',
  low: 'info',
  none: 'info',
}

const usualSeverity: ReadonlyMap<string, Severity> = new Map([
  ['incident.handed_over', 'error'],
  ['storm.latched', 'critical'],
  ['incident.closed', 'info'],
  ['approval.decided', 'info'],
  ['storm.released', 'info'],
  ['channel.tested', 'info'],
])

function severityOf(body: JsonObject): Severity {
  const usual = usualSeverity.get(text(body.event)) ?? 'warning'
  const named = Array.isArray(body.severities) ? body.severities : []
  const shown = list(body.alerts).map(({ labels }) => (isObject(labels) ? labels.severity : undefined))
  const said = [...named, ...shown].flatMap((severity) => {
    const word = text(severity).toLowerCase()
    return Object.hasOwn(severityWords, word) ? [severityWords[word] as Severity] : []
  })
  return severities.find((severity) => said.includes(severity)) ?? usual
}

/** Shown in their own way, or not for people. */
const notFacts = ['event', 'alerts', 'moreAlerts', 'severities', 'attempts', 'target', 'playbook', 'link', 'plan']
const firstFacts = ['reason', 'ending', 'decision', 'by', 'planSummary', 'temporaryEffect', 'illSince', 'expiresAt']

function factsOf(body: JsonObject): Words['facts'] {
  const named = { ...planFacts(body.plan), ...body }
  const names = [...firstFacts, ...Object.keys(named).filter((name) => !firstFacts.includes(name))]
  const facts = names.flatMap((name): [string, string][] => {
    if (notFacts.includes(name)) return []
    const value = plainly(named[name])
    return value === '' ? [] : [[spaced(name), value]]
  })
  return facts.slice(0, factsMax)
}

function planFacts(plan: Json | undefined): JsonObject {
  if (typeof plan === 'string') return { planSummary: plan }
  return isObject(plan) && typeof plan.summary === 'string' ? { planSummary: plan.summary } : {}
}

function plainly(value: Json | undefined): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function attemptsOf(body: JsonObject): readonly string[] {
  return some(list(body.attempts), 0, ({ action, outcome, detail, plan, checks }) => {
    const failed = list(checks).filter(({ passed }) => passed !== true)
    const why = failed.map((one) => `${text(one.check)}: ${text(one.detail)}`).join('; ')
    return `Tried ${[action, plan, outcome, detail].map(text).filter(Boolean).join(' · ')}${why && ` · ${why}`}`
  })
}

function alertsOf(body: JsonObject): readonly string[] {
  const unlisted = typeof body.moreAlerts === 'number' ? body.moreAlerts : 0
  return some(list(body.alerts), unlisted, ({ labels, annotations, status }) => {
    const said = isObject(annotations) ? text(annotations.summary) || text(annotations.description) : ''
    const pairs = isObject(labels) ? Object.entries(labels).map(([name, value]) => `${name}="${text(value)}"`) : []
    return `Alert ${text(status)} {${pairs.join(', ')}}${said && ` · ${said}`}`
  })
}

/** The first few, and how many more there are, with those that are not even listed. */
function some(items: readonly JsonObject[], unlisted: number, words: (item: JsonObject) => string): readonly string[] {
  const more = Math.max(0, items.length - listMax) + unlisted
  return [...items.slice(0, listMax).map(words), ...(more > 0 ? [`… and ${more} more`] : [])]
}

function asked({ event, incident, planDigest, ask }: JsonObject): Words['asks'] {
  if (event !== 'approval.asked' || typeof incident !== 'string' || typeof planDigest !== 'string') return null
  return { incident, planDigest, ...(typeof ask === 'string' && { ask }) }
}

function linkOf({ link }: JsonObject, asks: Words['asks'], externalUrl: string | null): string | null {
  if (externalUrl === null) return null
  const own = externalUrl.replace(/\/+$/, '')
  if (typeof link === 'string' && link.startsWith(`${own}/`) && /^[\x21-\x7e]{1,2000}$/.test(link)) return link
  if (asks === null) return null
  const url = `${own}/approvals/${encoded(asks.incident)}?plan=${encoded(asks.planDigest)}`
  return url.length > urlCharactersMax ? null : url
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function list(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The value where it is a text or a number, and nothing where it is anything else. */
export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
