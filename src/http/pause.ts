import * as z from 'zod'
import { durationMs, nothing, reason, timeMs } from './fields.ts'
import { ok, read, write } from './route.ts'
import { viewPause } from './views.ts'

const path = '/api/v1/pause'

export const getPause = read(
  { path, access: 'viewer', summary: 'Whether the stop switch is on', query: nothing },
  async (_, { read: reads, clock }) => ok(viewPause(await reads.pause(), clock.now())),
)

const wanted = z.discriminatedUnion('paused', [
  z.strictObject({ paused: z.literal(true), reason, for: durationMs.optional(), until: timeMs.optional() }),
  z.strictObject({ paused: z.literal(false), restored: z.literal(true).optional() }),
])

export const putPause = write(
  {
    method: 'put',
    path,
    access: 'operator',
    summary: 'Turn the stop switch on or off; running effects finish, nothing new starts',
    codes: { 409: 'Somebody else has stopped it for longer, or the store was restored and nobody has confirmed that.' },
    query: nothing,
    body: wanted,
  },
  async ({ body, by }, { engine, clock }) => {
    if (!body.paused) {
      const how = { restored: body.restored === true }
      return ok(viewPause(await engine.setPause(null, by, how), clock.now()))
    }
    const until = body.until ?? (body.for === undefined ? null : clock.now() + body.for)
    return ok(viewPause(await engine.setPause({ reason: body.reason, until }, by), clock.now()))
  },
)
