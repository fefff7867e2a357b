import * as z from 'zod'
import { unknownCursor } from './errors.ts'
import { limit } from './fields.ts'
import { ok, read } from './route.ts'
import { viewAlert } from './views.ts'

const position = z.tuple([z.string(), z.string()])

export const listAlerts = read(
  {
    path: '/api/v1/alerts',
    access: 'viewer',
    summary: 'List active alerts with the decision about each and why',
    query: z.strictObject({ cursor: z.string().max(2_000).optional(), limit: limit(1_000, 200) }),
  },
  async ({ query }, { read: reads }) => {
    const after = query.cursor === undefined ? undefined : decode(query.cursor)
    const rows = await reads.firingAlerts({ ...(after && { after }), limit: query.limit + 1 })
    const page = rows.slice(0, query.limit)
    const last = page.at(-1)
    const cursor = rows.length > page.length && last ? encode(last) : null
    return ok({ alerts: page.map(viewAlert), cursor })
  },
)

function encode({ source, fingerprint }: { source: string; fingerprint: string }): string {
  return Buffer.from(JSON.stringify([source, fingerprint])).toString('base64url')
}

function decode(cursor: string): { source: string; fingerprint: string } {
  try {
    const [source, fingerprint] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { source, fingerprint }
  } catch (cause) {
    throw unknownCursor(cause)
  }
}
