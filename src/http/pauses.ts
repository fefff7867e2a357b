import * as z from 'zod'
import type { MaintenanceWindow } from '../domain/pause.ts'
import { nextStart, stretchAt } from '../engine/facts/schedule.ts'
import { durationMs, nothing, reason, timeMs } from './fields.ts'
import { ok, read, remove, write } from './route.ts'
import { iso, viewScopedPause } from './views.ts'

const path = '/api/v1/pauses'

export const listPauses = read(
  { path, access: 'viewer', summary: 'Pauses in force and to come, and the windows of maintenance', query: nothing },
  async (_, { read: reads, policy, clock }) => {
    const now = clock.now()
    const pauses = (await reads.pauses()).filter(({ until }) => until === null || until > now)
    const windows = policy.current().config.maintenance
    return ok({
      pauses: pauses.map((pause) => viewScopedPause(pause, now)),
      windows: windows.map((window) => viewWindow(window, now)),
    })
  },
)

const wanted = z
  .strictObject({
    reason,
    playbook: z.string().min(1).max(100).optional(),
    target: z.string().min(1).max(512).optional(),
    from: timeMs.optional(),
    for: durationMs.optional(),
    until: timeMs.optional(),
    maintenance: z.boolean().default(false),
  })
  .refine((body) => body.for === undefined || body.until === undefined, 'give either "for" or "until"')

export const placePause = write(
  {
    method: 'post',
    path,
    access: 'operator',
    summary: 'Pause a playbook, targets, or everything, now or later; others stay as they are',
    codes: { 409: 'There are too many pauses.' },
    query: nothing,
    body: wanted,
  },
  async ({ body, by }, { engine, clock }) => {
    const now = clock.now()
    const from = body.from ?? null
    const until = body.until ?? (body.for === undefined ? null : (from ?? now) + body.for)
    const { playbook = null, target = null, maintenance } = body
    const pause = await engine.placePause({ reason: body.reason, playbook, target, from, until, maintenance }, by)
    return ok({ pause: viewScopedPause(pause, now) })
  },
)

export const liftPause = remove(
  {
    path: `${path}/:id`,
    access: 'operator',
    summary: 'Lift one pause; what waited is looked at again, a few at a time',
    codes: { 404: 'There is no such pause.' },
    query: nothing,
  },
  async ({ params, by }, { engine, clock }) => {
    const pause = await engine.liftPause(params.id ?? '', by)
    return ok({ lifted: viewScopedPause(pause, clock.now()) })
  },
)

function viewWindow(window: MaintenanceWindow, now: number) {
  const { name, cron, durationMs, timeZone, playbook, target, reason } = window
  const stretch = stretchAt(window, now)
  return {
    name,
    cron,
    durationSeconds: durationMs / 1_000,
    timeZone,
    playbook,
    target,
    reason,
    state: stretch === null ? 'planned' : 'active',
    from: iso(stretch?.since ?? nextStart(window, now)),
    until: iso(stretch?.until ?? null),
  }
}
