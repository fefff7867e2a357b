import * as z from 'zod'
import { cooldownMaxMs, modes, type Route, reopenWithinMaxMs, stepOrders } from '../../domain/playbook.ts'
import {
  budgetField,
  countField,
  durationField,
  optional,
  percentField,
  section,
  textField,
  wordField,
} from '../../files/fields.ts'
import { scheduleShape } from '../../files/schedule-fields.ts'

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000] as const

const routes = ['next', 'escalate', 'stop'] as const satisfies readonly Route[]

const targetsField = countField(1, 1_000_000)
const shareField = percentField(1).transform((percent) => ({ percent }))
const boundField = z.union([targetsField, shareField], { error: 'must be a count such as 2, or a share such as 25%' })
const boundsField = z
  .union([boundField, z.array(boundField).min(1).max(2)], {
    error: 'must be a count such as 2, a share such as 25%, or both in a list such as [25%, 2]',
  })
  .meta({ description: 'At most so many targets ill at once: a count, a share of the total, or both in a list.' })

const demoteField = z.union([countField(1, 100), z.literal('never')], {
  error: 'must be a whole number from 1 to 100, or never',
})

/** Who is asked before an effect. */
export const approvalShape = {
  within: optional(durationField(10 * second, 7 * day)),
  channel: optional(textField(100)),
  fourEyes: optional(z.boolean()),
  policy: optional(textField(2_000)),
}

/** The top-level keys of a playbook. What needs more than one look (`when`, `steps`, `verify`) is read elsewhere. */
export const playbookShape = {
  version: z.literal(1, { error: ({ input }) => (input === undefined ? undefined : 'must be 1') }),
  summary: optional(textField(500)),
  priority: optional(countField(-1_000_000, 1_000_000)),
  when: z.unknown(),
  target: textField(500),
  dependsOn: optional(z.array(textField(500)).max(20, 'names more than 20 targets')),
  mode: optional(wordField(modes)),
  continue: optional(z.boolean()),
  settle: optional(durationField(0, day)),
  steps: z.array(z.unknown()).min(1, 'needs at least one step').max(20, 'has more than 20 steps'),
  order: optional(wordField(stepOrders)),
  verify: optional(z.array(z.unknown()).max(20, 'has more than 20 checks')),
  for: optional(durationField(0, hour)),
  within: optional(durationField(second, hour)),
  silence: optional(z.boolean()),
  limits: optional(
    section({
      cooldown: optional(durationField(0, cooldownMaxMs)),
      attempts: optional(z.array(budgetField).min(1, 'needs at least one budget').max(10)),
      rate: optional(z.array(budgetField).min(1, 'needs at least one budget').max(10)),
      maxWait: optional(durationField(0, 7 * day)),
      blastRadius: optional(section({ max: boundsField, of: optional(textField(10_000)) })),
      activeHours: optional(section(scheduleShape)),
      retryAfter: optional(durationField(0, 7 * day)),
      demoteAfter: optional(demoteField),
      yieldFor: optional(durationField(0, day)),
    }),
  ),
  reopenWithin: optional(durationField(0, reopenWithinMaxMs)),
  approval: optional(section(approvalShape)),
}

/** A step that acts. */
export const actionStepShape = {
  action: textField(100),
  with: optional(z.record(z.string(), z.json())),
  timeout: optional(durationField(second, hour)),
  hold: optional(durationField(second, 7 * day)),
  on: optional(
    section({
      ineffective: optional(wordField(routes)),
      failed: optional(wordField(routes)),
      unknown: optional(wordField(routes)),
    }),
  ),
}

/** A step that hands over to a human. */
export const escalateStepShape = { escalate: textField(100) }

export const clearedShape = { alert: z.literal('cleared', { error: 'must be cleared' }) }
export const promqlShape = { promql: textField(10_000) }
export const httpShape = {
  http: section({
    url: textField(2000),
    status: optional(countField(100, 599)),
    timeout: optional(durationField(100, minute)),
  }),
}
