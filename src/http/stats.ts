import * as z from 'zod'
import { formatDurationMs } from '../domain/duration.ts'
import { durationMs, name } from './fields.ts'
import { ok, read } from './route.ts'
import { readStatistics } from './statistics.ts'
import { readStepStatistics } from './step-statistics.ts'
import { iso } from './views.ts'

export const stats = read(
  {
    path: '/api/v1/stats',
    access: 'viewer',
    summary: 'Closed incidents of a window: endings, share of success, time to recover; and what became of each step',
    query: z.strictObject({ window: durationMs.default(7 * 86_400_000), playbook: name.optional() }),
  },
  async ({ query }, { read: reads, clock }) => {
    const since = clock.now() - query.window
    const report = await readStatistics(reads, since, query.playbook)
    const { steps, stepsCut } = await readStepStatistics(reads, since, query.playbook)
    return ok({ window: formatDurationMs(query.window), since: iso(since), ...report, steps, stepsCut })
  },
)
