import { RE2JS } from 're2js'
import { textField } from '../files/fields.ts'

/** An RE2 expression that a whole value must match. */
export const patternField = textField(500).superRefine((pattern, context) => {
  try {
    RE2JS.compile(pattern)
  } catch (error) {
    context.addIssue(`is no RE2 expression (${(error as Error).message.slice(0, 200)})`)
  }
})
