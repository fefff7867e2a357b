import * as z from 'zod'
import { formatProblem } from '../domain/policy.ts'
import { HttpError } from './errors.ts'
import { flag, nothing } from './fields.ts'
import { ok, write } from './route.ts'

export const reload = write(
  {
    method: 'post',
    path: '/api/v1/reload',
    access: 'admin',
    summary: 'Read configuration, playbooks and actions again: whole or not at all',
    query: z.strictObject({ dryRun: flag }),
    body: nothing,
    codes: { 422: 'The files have problems; the last good set stays in force.' },
  },
  async ({ query, by }, parts) => {
    const report = await parts.reload({ dryRun: query.dryRun, by })
    if (report.ok) return ok(report)
    const message = report.problems.map(formatProblem).join('\n')
    throw new HttpError(422, 'config', message, 'Correct the files and reload again; the last good set stays in force.')
  },
)
