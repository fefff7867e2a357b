import type * as z from 'zod'
import type { Retention } from '../domain/retention.ts'
import { bytesField, durationField, optional, section } from '../files/fields.ts'

const day = 86_400_000
const megabyte = 1_000_000

/** How much of the past is kept. Below a day or 10 MB there would be nothing left to explain an incident with. */
export const retentionField = section({
  audit: optional(durationField(day, 100 * 365 * day)),
  maxBytes: optional(bytesField(10 * megabyte, 1e9 * megabyte)),
})

/** By default nothing goes because of its age, and the store stays below 10 GB. */
export function buildRetention(written: z.output<typeof retentionField> | undefined): Retention {
  return { auditMs: written?.audit ?? null, bytesMax: written?.maxBytes ?? 10_000 * megabyte }
}
