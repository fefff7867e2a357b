import { section } from '../files/fields.ts'
import { draft7 } from '../files/json-schema.ts'
import { createReferences } from './references.ts'
import { sections } from './sections.ts'

/** Draft-7 JSON Schema of `hepar.yaml`, for editors. */
export function configJsonSchema(): { [key: string]: unknown } {
  return draft7(section(sections(createReferences({ folder: '/', env: {} }))), 'hepar.yaml')
}
