import * as z from 'zod'

/** Plugin names, each with the SHA-256 that its file must have. */
export const pinsField = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be the name of a plugin'),
  z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the file, 64 hex digits, as `hepar pin` prints it'),
)
