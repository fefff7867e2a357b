import * as z from 'zod'
import type { MaintenanceWindow } from '../domain/pause.ts'
import { nameField, optional, section, textField } from '../files/fields.ts'
import { defaultTimeZone, scheduleShape } from '../files/schedule-fields.ts'

const windowsMax = 100

/** The key `maintenance`: windows in which nothing is done. */
export const maintenanceField = z
  .array(
    section({
      name: nameField,
      ...scheduleShape,
      playbook: optional(textField(100)),
      target: optional(textField(512)),
      reason: optional(textField(500)),
    }),
  )
  .max(windowsMax, `has more than ${windowsMax} windows`)

export function buildMaintenance(written: z.output<typeof maintenanceField> | undefined): readonly MaintenanceWindow[] {
  return (written ?? []).map(({ name, cron, duration, timeZone, playbook, target, reason }) => ({
    name,
    cron,
    durationMs: duration,
    timeZone: timeZone ?? defaultTimeZone,
    playbook: playbook ?? null,
    target: target ?? null,
    reason: reason ?? 'planned maintenance',
  }))
}
