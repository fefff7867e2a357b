import type { Role } from './config.ts'

/** A token that Hepar made. Of its secret only the SHA-256 is kept. Times are epoch milliseconds. */
export interface StoredToken {
  /** Stands in the token itself, so that it is found without comparing all of them. */
  readonly id: string
  /** Of all that are in force no two have the same. */
  readonly name: string
  readonly role: Role
  /** SHA-256 of the whole token, hex. */
  readonly digest: string
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

/** Why somebody was turned away at the door. */
export const authFailures = [
  'missing',
  'unknown',
  'expired',
  'revoked',
  'limited',
  'role',
  'csrf',
  'origin',
  'host',
  'signature',
] as const
export type AuthFailure = (typeof authFailures)[number]

/** Before the SHA-256 of a token that hepar.yaml does not hold itself. */
export const hashedPrefix = 'sha256:'

/** The form of a token that Hepar makes, with its id. */
const form = /^hepar_([0-9a-f]{12})_[\w-]{43}$/

export function writeToken(id: string, secret: string): string {
  return `hepar_${id}_${secret}`
}

/** The id in a token that Hepar may have made, or `null`. */
export function tokenId(token: string): string | null {
  return form.exec(token)?.[1] ?? null
}
