import * as z from 'zod'
import { nameField, optional, section, textField } from '../files/fields.ts'

/** The services of `services`, by name; nothing need be said about one. */
export const servicesField = z.record(
  nameField,
  optional(section({ mirror: optional(section({ redis: nameField, key: textField(500) })) })),
)
