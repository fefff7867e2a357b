import * as z from 'zod'
import { unknownCursor } from './errors.ts'
import { limit } from './fields.ts'
import { ok, read } from './route.ts'
import { viewAlert } from './views.ts'

const position = z.tuple([z.int().positive()])

export const listAlerts = read(
  {
    path: '/api/v1/alerts',
    access: 'viewer',
    summary: 'List active alerts with the decision about each and why',
    query: z.strictObject({ cursor: z.string().max(2_000).optional(), limit: limit(1_000, 200) }),
  },
  async ({ query }, { read: reads }) => {
    const after = query.cursor === undefined ? undefined : decode(query.cursor)
    const { records, next } = await reads.firingAlerts({ ...(after && { after }), limit: query.limit })
    return ok({ alerts: records.map(viewAlert), cursor: next === null ? null : encode(next) })
  },
)

function encode(next: number): string {
  return Buffer.from(JSON.stringify([next])).toString('base64url')
}

function decode(cursor: string): number {
  try {
    const [after] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return after
  } catch (cause) {
    throw unknownCursor(cause)
  }
}
