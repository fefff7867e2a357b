import * as z from 'zod'
import { auditTypes } from '../domain/audit.ts'
import { limit, name, nothing, words } from './fields.ts'
import { ok, read } from './route.ts'
import { iso, viewEvent } from './views.ts'

export const listAudit = read(
  {
    path: '/api/v1/audit',
    access: 'viewer',
    summary: 'Read the log, oldest first, from after a sequence number',
    query: z.strictObject({
      after: z.coerce.number().int().min(0).default(0),
      incident: name.optional(),
      type: words(auditTypes),
      limit: limit(1_000, 200),
    }),
  },
  async ({ query }, { read: reads }) => {
    const events = await reads.audit({
      after: query.after,
      ...(query.incident !== undefined && { incident: query.incident }),
      ...(query.type && { types: query.type }),
      limit: query.limit,
    })
    return ok({ events: events.map(viewEvent), after: events.length === query.limit ? events.at(-1)?.seq : null })
  },
)

export const auditHead = read(
  {
    path: '/api/v1/audit/head',
    access: 'viewer',
    summary: 'The checkpoint of the log; kept elsewhere, it shows truncation',
    query: nothing,
  },
  async (_, { read: reads }) => {
    const head = await reads.auditHead()
    return ok({ ...head, at: iso(head.at) })
  },
)
