import { decidedIn } from '../kit/decided.ts'
import type { EventView, IncidentView } from '../kit/hepar.ts'
import type { SinkRequest } from '../kit/sink.ts'
import type { JournalLine, Ward } from '../kit/ward.ts'
import type { Sent } from './courier.ts'

/** What a run left behind once everything has come to rest: Hepar's own log on one side, the witnesses on the other. */
export interface Evidence {
  readonly patients: readonly string[]
  readonly ward: Pick<Ward, 'journal' | 'leftOver'>
  readonly events: readonly EventView[]
  readonly incidents: readonly IncidentView[]
  readonly sent: readonly Sent[]
  /** What arrived where `escalate` leads. */
  readonly oncall: readonly SinkRequest[]
}

/** Every promise that was broken, in words; an empty list when all were kept. */
export function violations(evidence: Evidence): readonly string[] {
  return [...brokenPromises(evidence), ...brokenDecisions(evidence), ...gaps(evidence.events)]
}

/** The same without what needs the whole log, and the word of deliveries alone. */
export function brokenPromises(evidence: Evidence): readonly string[] {
  const attempts = attemptsIn(evidence.events)
  return [
    ...evidence.patients.flatMap((patient) => brokenAtPatient(patient, attempts, evidence)),
    ...attempts.flatMap((attempt) => brokenByAttempt(attempt, evidence)),
    ...evidence.incidents.flatMap(unrest),
    ...brokenDeliveries(evidence),
    ...brokenMessages(evidence),
  ]
}

interface AttemptSeen {
  readonly id: string
  readonly action: string
  /** The runner's process, which is also the one that writes the journal. */
  readonly pid: number
  readonly target: string
  readonly incident: string
  readonly key: string
  /** The attempt whose effect it takes back. */
  readonly reverts: string | null
  readonly intendedAt: number
  readonly events: readonly EventView[]
}

function attemptsIn(events: readonly EventView[]): readonly AttemptSeen[] {
  const byAttempt = Map.groupBy(events, ({ attempt }) => attempt)
  return events
    .filter(({ type }) => type === 'attempt.intended')
    .map(({ attempt, target, incident, at, body }) => ({
      id: String(attempt),
      action: String(body.action),
      pid: (body.runner as { pid: number }).pid,
      target: String(target),
      incident: String(incident),
      key: String(body.idempotencyKey),
      reverts: typeof body.reverts === 'string' ? body.reverts : null,
      intendedAt: msOf(at),
      events: byAttempt.get(attempt) ?? [],
    }))
}

const idempotentAction = 'treat-again'
const temporaryAction = 'ease'

/** Two starts of an idempotent action share a key, never a process. */
function isBy({ key, pid }: AttemptSeen, line: JournalLine): boolean {
  return line.key === key && line.pid === pid
}

/** The runner looks at the same clock, but an event's time is taken a moment before the commit. */
const startWithinMs = 2_000

function brokenAtPatient(
  patient: string,
  attempts: readonly AttemptSeen[],
  { ward, events }: Evidence,
): readonly string[] {
  const journal = ward.journal(patient)
  const broken: string[] = []
  const own = attempts.filter(({ target }) => target === `service/${patient}`)
  for (const line of journal.filter(({ what }) => what === 'begin')) {
    const attempt = own.find((one) => isBy(one, line))
    if (!attempt) broken.push(`${patient}: the effect ${line.key} began without an intent in the log`)
    else if (line.at - attempt.intendedAt > startWithinMs) {
      broken.push(`${patient}: the effect ${line.key} began ${line.at - attempt.intendedAt} ms after its intent`)
    }
  }
  for (const [key, starts] of Map.groupBy(own, (attempt) => attempt.key)) {
    // What is not known to be taken back is taken back again, as often as it needs.
    const allowed = starts[0]!.reverts !== null ? Infinity : starts[0]!.action === idempotentAction ? 2 : 1
    const begins = journal.filter((line) => line.what === 'begin' && line.key === key).length
    if (begins > starts.length || starts.length > allowed) {
      broken.push(`${patient}: the effect ${key} was intended ${starts.length} times and began ${begins} times`)
    }
  }
  if (journal.some(({ what }) => what === 'overlap'))
    broken.push(`${patient}: an effect began while an older one lived`)
  const easing = journal.findLast(({ what }) => what === 'eased' || what === 'uneased')
  if (easing?.what === 'eased') broken.push(`${patient}: a temporary effect was never taken back`)
  const left = ward.leftOver(patient)
  if (left.length > 0) broken.push(`${patient}: processes ${left.join(', ')} are left over`)
  for (const { at, body, target } of events.filter(({ type }) => type === 'incident.closed')) {
    if (target !== `service/${patient}` || (body.ending !== 'healed' && body.ending !== 'mitigated')) continue
    if (!wasWell(journal, msOf(at))) broken.push(`${patient}: ${body.ending} at ${at}, yet the journal says ill`)
  }
  return broken
}

function wasWell(journal: readonly JournalLine[], at: number): boolean {
  const states = journal.filter((line) => line.what === 'ill' || line.what === 'well')
  return states.findLast((line) => line.at <= at)?.what === 'well'
}

function brokenByAttempt(attempt: AttemptSeen, { ward, events }: Evidence): readonly string[] {
  const of = (type: string) => attempt.events.filter((event) => event.type === type)
  const broken: string[] = []
  const say = (what: string) => broken.push(`attempt ${attempt.id} on ${attempt.target}: ${what}`)
  for (const type of ['attempt.intended', 'attempt.effect_ended', 'attempt.concluded']) {
    if (of(type).length !== 1) say(`${of(type).length} events ${type}`)
  }
  const lines = ward.journal(attempt.target.slice('service/'.length)).filter((line) => isBy(attempt, line))
  const did = (what: JournalLine['what']) => lines.some((line) => line.what === what)
  const effect = of('attempt.effect_ended')[0]?.body.effect
  if (effect === 'done' && !did('end')) say('recorded as done, yet it never ended')
  if (effect === 'failed' && !did('fail')) say('recorded as failed, yet it did not fail')
  if (effect === 'not_started' && did('begin')) say('recorded as not started, yet it began')
  if (did('begin') && !did('end') && !did('fail') && effect !== 'unknown') say(`cut off, yet recorded as ${effect}`)
  if (effect === 'unknown') broken.push(...brokenUnknown(attempt, of, events))
  return broken
}

/**
 * What nobody saw the end of is called unknown and is looked at. It reaches a human unless the look proves it healed, or
 * the action may be asked twice. A temporary effect is taken back, until that is known.
 */
function brokenUnknown(
  attempt: AttemptSeen,
  of: (type: string) => readonly EventView[],
  events: readonly EventView[],
): readonly string[] {
  const broken: string[] = []
  const [concluded] = of('attempt.concluded')
  if (concluded?.body.outcome !== 'unknown')
    broken.push(`attempt ${attempt.id}: unknown, yet ${concluded?.body.outcome}`)
  const temporary = attempt.action === temporaryAction
  if (!temporary && of('attempt.probed').length === 0) broken.push(`attempt ${attempt.id}: unknown and never probed`)
  const after = events.find(
    ({ seq, incident, type, body }) =>
      incident === attempt.incident &&
      seq > (concluded?.seq ?? 0) &&
      (type === 'incident.handed_over' ||
        (type === 'incident.closed' && body.ending === 'healed') ||
        (type === 'attempt.intended' && (body.idempotencyKey === attempt.key || body.reverts === attempt.id))),
  )
  if (!after) broken.push(`attempt ${attempt.id}: unknown, and neither proven healed nor handed to a human`)
  return broken
}

function unrest({ id, target, state, reason }: IncidentView): readonly string[] {
  return state === 'closed' ? [] : [`incident ${id} on ${target} is ${state}: ${reason}`]
}

function brokenDeliveries({ sent, events }: Evidence): readonly string[] {
  const recorded = Map.groupBy(
    events.filter(({ type }) => type === 'delivery.received'),
    ({ body }) => body.digest,
  )
  const taken = Map.groupBy(sent, ({ digest }) => digest)
  return [...taken].flatMap(([digest, deliveries]) => {
    const answered = deliveries.reduce((sum, delivery) => sum + delivery.taken, 0)
    const [{ body }] = deliveries as [Sent, ...Sent[]]
    const count = recorded.get(digest)?.length ?? 0
    if (answered === 0) return [`a delivery about ${body.groupKey} was never taken`]
    return count < answered ? [`${answered} deliveries about ${body.groupKey} were taken, ${count} are recorded`] : []
  })
}

/** Each firing that was delivered is matched once, however often it came; each resolution ends it once. */
function brokenDecisions({ sent, events }: Evidence): readonly string[] {
  const decided = decidedIn(events)
  const alerts = sent.flatMap(({ body }) => body.alerts)
  return [...Map.groupBy(alerts, ({ fingerprint }) => fingerprint)].flatMap(([fingerprint, own]) => {
    const count = (decision: string) =>
      decided.filter((one) => one.fingerprint === fingerprint && one.decision === decision).length
    const distinct = (status: string) =>
      new Set(own.filter((alert) => alert.status === status).map(({ startsAt }) => startsAt)).size
    const name = own[0]!.labels.patient
    const broken: string[] = []
    if (count('matched') !== distinct('firing')) {
      broken.push(`${name}: ${distinct('firing')} firings were delivered, ${count('matched')} matched`)
    }
    if (count('resolved') !== distinct('resolved')) {
      broken.push(`${name}: ${distinct('resolved')} resolutions were delivered, ${count('resolved')} are decided`)
    }
    return broken
  })
}

/** What people must have been told by this log, and what is recorded as sent; of each the incident and the event. */
export function messagesIn(events: readonly EventView[]) {
  const promised: string[] = []
  const called = new Set<string | null>()
  for (const { type, incident, body } of events) {
    if (type === 'incident.handed_over' && body.channel !== null) called.add(incident)
    // Whoever was called hears of the end, once.
    else if (type !== 'incident.closed' || !called.delete(incident)) continue
    promised.push(`${type} of ${incident}`)
  }
  const confirmed = events.filter(({ type }) => type === 'notification.sent').map(({ incident }) => incident)
  return { promised, confirmed }
}

function brokenMessages({ events, oncall }: Evidence): readonly string[] {
  const { promised, confirmed } = messagesIn(events)
  // The same message may come twice after a kill, and has the same key then.
  const arrived = [...new Map(oncall.map((request) => [request.headers['idempotency-key'], toldIn(request)])).values()]
  const broken: string[] = []
  for (const message of new Set([...promised, ...arrived])) {
    const count = (messages: readonly string[]) => messages.filter((one) => one === message).length
    if (count(promised) !== count(arrived)) {
      broken.push(`${message}: ${count(promised)} to be told, ${count(arrived)} different messages`)
    }
  }
  if (confirmed.length !== promised.length) {
    broken.push(`${promised.length} messages to be sent, ${confirmed.length} recorded as sent`)
  }
  return broken
}

function toldIn(request: SinkRequest): string {
  const { event, incident } = request.json() as { readonly event: string; readonly incident: string }
  return `${event} of ${incident}`
}

function gaps(events: readonly EventView[]): readonly string[] {
  const at = events.findIndex(({ seq }, index) => seq !== index + 1)
  return at === -1 ? [] : [`the log has ${events[at]!.seq} where ${at + 1} should stand`]
}

function msOf(at: number | string): number {
  return typeof at === 'number' ? at : Date.parse(at)
}
