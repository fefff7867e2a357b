import { createHash, timingSafeEqual } from 'node:crypto'
import type { Role, Token } from '../domain/config.ts'
import { hashedPrefix, type StoredToken, tokenId } from '../domain/token.ts'

/** A token as it is compared: never the token itself. Times are epoch milliseconds. */
export interface KnownToken {
  /** Another one when the secret is another one, so that what was opened with the old one ends. */
  readonly key: string
  /** Stands in the token; `null` for one that Hepar did not make. */
  readonly id: string | null
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
  const id = tokenId(presented)
  let found: KnownToken | null = null
  // Every one that it can be is compared, so the time taken does not tell which one came close.
  for (const token of tokens) {
    if (token.id !== null && token.id !== id) continue
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

/** The tokens of a configuration, made comparable once. */
export const configured = onceFor((tokens: readonly Token[]) =>
  tokens.map(({ name, role, token, expiresAt = null }): KnownToken => {
    const digest = writtenDigest(token.reveal())
    return { key: `config:${name}:${digest.toString('hex')}`, id: null, name, role, digest, expiresAt, revokedAt: null }
  }),
)

/** The tokens of the store, made comparable once. */
export const made = onceFor((tokens: readonly StoredToken[]) =>
  tokens.map(({ id, name, role, digest, expiresAt, revokedAt }): KnownToken => {
    return { key: `store:${id}`, id, name, role, digest: Buffer.from(digest, 'hex'), expiresAt, revokedAt }
  }),
)

function onceFor<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const known = new WeakMap<From, To>()
  return (from) => {
    const before = known.get(from)
    if (before !== undefined) return before
    const now = make(from)
    known.set(from, now)
    return now
  }
}

/** Of a token as hepar.yaml has it: itself, or its digest. */
function writtenDigest(written: string): Buffer {
  if (!written.startsWith(hashedPrefix)) return digestOf(written)
  return Buffer.from(written.slice(hashedPrefix.length), 'hex')
}

/** Whether two texts are the same; the time taken tells nothing about where they differ. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other))
}

export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
