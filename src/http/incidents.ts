import * as z from 'zod'
import type { AuditEvent } from '../domain/audit.ts'
import { endings, incidentStates } from '../domain/incident.ts'
import type { Reads } from '../engine/ports.ts'
import { viewApproval } from './approvals.ts'
import { unknownCursor } from './errors.ts'
import { limit, name, nothing, reason, timeMs, words } from './fields.ts'
import { findIncident } from './find-incident.ts'
import { ok, read, write } from './route.ts'
import { viewAlert, viewAttempt, viewEvent, viewGates, viewIncident } from './views.ts'

const eventsMax = 1_000

export const listIncidents = read(
  {
    path: '/api/v1/incidents',
    access: 'viewer',
    summary: 'List incidents, newest first',
    query: z.strictObject({
      state: words(incidentStates),
      ending: words(endings),
      playbook: name.optional(),
      target: name.optional(),
      since: timeMs.optional(),
      cursor: name.optional(),
      limit: limit(500, 50),
    }),
  },
  async ({ query }, { read: reads }) => {
    if (query.cursor !== undefined && (await reads.incident(query.cursor)) === null) throw unknownCursor()
    const rows = await reads.incidents({
      ...(query.state && { states: query.state }),
      ...(query.ending && { endings: query.ending }),
      ...(query.playbook !== undefined && { playbook: query.playbook }),
      ...(query.target !== undefined && { target: query.target }),
      ...(query.since !== undefined && { since: query.since }),
      ...(query.cursor !== undefined && { before: query.cursor }),
      limit: query.limit + 1,
    })
    const page = rows.slice(0, query.limit)
    return ok({ incidents: page.map(viewIncident), cursor: rows.length > page.length ? page.at(-1)?.id : null })
  },
)

export const showIncident = read(
  {
    path: '/api/v1/incidents/:id',
    access: 'viewer',
    summary:
      'Show one incident: alerts, attempts with plan and evidence, why it waits, what people are asked, timeline',
    query: nothing,
    codes: { 404: 'There is no such incident.' },
  },
  async ({ params }, { read: reads }) => {
    const incident = await findIncident(reads, params.id)
    const [alerts, attempts, approvals, { timeline, timelineCut }] = await Promise.all([
      reads.alertsOf(incident.id),
      reads.attemptsOf(incident.id),
      reads.approvalsOf(incident.id),
      latestEvents(reads, incident.id),
    ])
    const assessed = timeline.findLast(({ type }) => type === 'incident.assessed')
    return ok({
      incident: viewIncident(incident),
      whyNot: viewIncident(incident).waiting ?? (incident.ending === 'refused' ? refusalOf(timeline) : null),
      ladder: timeline.findLast(({ type }) => type === 'incident.ladder_chosen')?.body ?? null,
      gates: viewGates(assessed?.body?.gates),
      approval: approvals.map(viewApproval).at(-1) ?? null,
      alerts: alerts.map(viewAlert),
      attempts: attempts.map(viewAttempt),
      timeline: timeline.map(viewEvent),
      timelineCut,
    })
  },
)

/** The end of an incident's story, where it is too long: what it waits for now stands there. */
async function latestEvents(reads: Reads, incident: string) {
  let timeline: readonly AuditEvent[] = []
  let timelineCut = false
  for (;;) {
    const after = timeline.at(-1)?.seq
    const page = await reads.audit({ incident, limit: eventsMax, ...(after !== undefined && { after }) })
    timelineCut ||= timeline.length + page.length > eventsMax
    timeline = [...timeline, ...page].slice(-eventsMax)
    if (page.length < eventsMax) return { timeline, timelineCut }
  }
}

/** What refused an incident for good, in the form of what makes one wait. */
function refusalOf(timeline: readonly AuditEvent[]) {
  const body = timeline.findLast(({ type }) => type === 'incident.waiting')?.body
  if (!body) return null
  const { gate, reason, until, unblock } = body
  return { gate, reason, until, unblock }
}

export const listIncidentEvents = read(
  {
    path: '/api/v1/incidents/:id/events',
    access: 'viewer',
    summary: 'The audit events of one incident, oldest first',
    query: z.strictObject({ after: z.coerce.number().int().min(0).optional(), limit: limit(eventsMax, 200) }),
    codes: { 404: 'There is no such incident.' },
  },
  async ({ params, query }, { read: reads }) => {
    const incident = await findIncident(reads, params.id)
    const events = await reads.audit({ incident: incident.id, after: query.after ?? 0, limit: query.limit })
    return ok({ events: events.map(viewEvent), after: events.length === query.limit ? events.at(-1)?.seq : null })
  },
)

const why = z.strictObject({ reason })

export const cancelIncident = write(
  {
    method: 'post',
    path: '/api/v1/incidents/:id/cancel',
    access: 'operator',
    summary: 'Cancel an incident; a running effect finishes first',
    query: nothing,
    body: why,
    codes: { 404: 'There is no such incident.', 409: 'Its state does not allow this.' },
  },
  async ({ params, body, by }, { engine }) =>
    ok({ incident: viewIncident(await engine.cancel(params.id ?? '', by, body.reason)) }),
)

export const resumeIncident = write(
  {
    method: 'post',
    path: '/api/v1/incidents/:id/resume',
    access: 'operator',
    summary: 'Let Hepar work again on an incident that was handed over',
    query: nothing,
    body: why,
    codes: { 404: 'There is no such incident.', 409: 'Its state does not allow this.' },
  },
  async ({ params, body, by }, { engine }) =>
    ok({ incident: viewIncident(await engine.resume(params.id ?? '', by, body.reason)) }),
)
