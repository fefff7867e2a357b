import { createHash, timingSafeEqual } from 'node:crypto'
import type { Role, Token } from '../domain/config.ts'

/** A token as it is compared: never the token itself. Times are epoch milliseconds. */
export interface KnownToken {
  /** Another one when the secret is another one, so that what was opened with the old one ends. */
  readonly key: string
  readonly name: string
  readonly role: Role
  /** SHA-256 of the token. */
  readonly digest: Buffer
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

export type Match =
  | { readonly kind: 'known'; readonly token: KnownToken }
  | { readonly kind: 'unknown' | 'expired' | 'revoked' }

/** Which of the tokens this is. */
export function match(presented: string, tokens: readonly KnownToken[], now: number): Match {
  const wanted = digestOf(presented)
  let found: KnownToken | null = null
  // Every token is compared, so the time taken does not tell which one came close.
  for (const token of tokens) {
    if (timingSafeEqual(wanted, token.digest)) found = token
  }
  return found === null ? { kind: 'unknown' } : standing(found, now)
}

/** Whether a token that was recognised is still good. */
export function standing(token: KnownToken, now: number): Match {
  if (token.revokedAt !== null) return { kind: 'revoked' }
  if (token.expiresAt !== null && token.expiresAt <= now) return { kind: 'expired' }
  return { kind: 'known', token }
}

const prepared = new WeakMap<readonly Token[], readonly KnownToken[]>()

/** The tokens of a configuration, made comparable once. */
export function configured(tokens: readonly Token[]): readonly KnownToken[] {
  const known = prepared.get(tokens)
  if (known !== undefined) return known
  const made = tokens.map(({ name, role, token }): KnownToken => {
    const digest = digestOf(token.reveal())
    return { key: `config:${name}:${digest.toString('hex')}`, name, role, digest, expiresAt: null, revokedAt: null }
  })
  prepared.set(tokens, made)
  return made
}

export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
