import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'

/** A label map as others send it, copied into one without prototype, so that `__proto__` is a key like any other. */
export const labelMap = z.unknown().transform((value, context): Labels => {
  const labels: Record<string, string> = Object.create(null)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    context.addIssue('labels are not an object')
    return labels
  }
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string') labels[name] = text
    else context.addIssue(`label ${name} is not a text`)
  }
  return labels
})
