import * as z from 'zod'
import { budgetWindowMaxMs, cooldownMaxMs, modes, type Route, reopenWithinMaxMs } from '../../domain/playbook.ts'
import { countField, durationField, optional, section, textField, wordField } from '../../files/fields.ts'

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000] as const

const routes = ['next', 'escalate', 'stop'] as const satisfies readonly Route[]

/** Keys of the design that only a later version supports. */
export const laterKeys = ['dependsOn', 'blastRadius', 'activeHours', 'order']
export const laterLimitKeys = ['blastRadius', 'activeHours', 'rate']

const budgetField = z
  .string()
  .transform((text, context) => {
    const found = /^(\d{1,4})\/(.+)$/.exec(text)
    const count = Number(found?.[1] ?? 0)
    const window = durationField(second, budgetWindowMaxMs).safeParse(found?.[2])
    if (count < 1 || !window.success) context.addIssue('must be a count and a duration up to 30d, such as 3/1h')
    return { count, windowMs: window.data ?? 0 }
  })
  .meta({ description: 'At most so many attempts in any window of this length, such as 3/1h.' })

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
  mode: optional(wordField(modes)),
  continue: optional(z.boolean()),
  settle: optional(durationField(0, day)),
  steps: z.array(z.unknown()).min(1, 'needs at least one step').max(20, 'has more than 20 steps'),
  verify: optional(z.array(z.unknown()).max(20, 'has more than 20 checks')),
  for: optional(durationField(0, hour)),
  within: optional(durationField(second, hour)),
  silence: optional(z.boolean()),
  limits: optional(
    section(
      {
        cooldown: optional(durationField(0, cooldownMaxMs)),
        attempts: optional(z.array(budgetField).min(1, 'needs at least one budget').max(10)),
        maxWait: optional(durationField(0, 7 * day)),
      },
      laterLimitKeys,
    ),
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
