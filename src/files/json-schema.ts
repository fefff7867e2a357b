import * as z from 'zod'

type JsonSchema = { [key: string]: unknown }

/** Draft-7 JSON Schema of what a user may write, for editors. */
export function draft7(schema: z.ZodType, title: string): JsonSchema {
  const written = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }) as JsonSchema
  return { ...(allowShorthand(written) as JsonSchema), title }
}

/** A field marked `shorthand: 'string'` may also be written as one text. */
function allowShorthand(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(allowShorthand)
  if (node === null || typeof node !== 'object') return node
  const { shorthand, ...rest } = node as JsonSchema
  const mapped = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, allowShorthand(value)]))
  return shorthand === undefined ? mapped : { anyOf: [{ type: shorthand }, mapped] }
}
