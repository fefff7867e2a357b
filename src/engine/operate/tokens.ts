import type { Role, Token } from '../../domain/config.ts'
import { type StoredToken, writeToken } from '../../domain/token.ts'
import { sha256 } from '../digest.ts'
import { HeparError } from '../errors.ts'
import type { Clock, Store } from '../ports.ts'

/** The tokens that Hepar makes. */
export interface Tokens {
  /** Also those that have expired or were revoked; the list is another one after every change. */
  all(): readonly StoredToken[]
  /** `token` is shown this once: nobody can read it again. Throws `conflict` for a name in use, `invalid` for a first one that is no admin's. */
  create(request: TokenRequest): Promise<{ readonly token: string; readonly stored: StoredToken }>
  /** From then on it opens nothing, and sessions that it opened are over. Throws `not_found`. */
  revoke(name: string, by: string): Promise<StoredToken>
}

export interface TokenRequest {
  readonly name: string
  readonly role: Role
  /** Epoch milliseconds; `null` for never. */
  readonly expiresAt: number | null
  readonly by: string
}

interface TokenParts {
  readonly store: Pick<Store, 'read' | 'transaction'>
  readonly clock: Clock
  readonly randomBytes: (count: number) => Buffer
  /** The tokens of the configuration, whose names stand in the log, too. */
  readonly configured: () => readonly Token[]
}

const tokensMax = 1_000
/** So long the log's reader finds what a token that is over was. */
const keptMs = 30 * 86_400_000

/** Reads the tokens once; only this process changes them. */
export async function openTokens({ store, clock, randomBytes, configured }: TokenParts): Promise<Tokens> {
  let known = await store.read.tokens()
  return {
    all: () => known,
    async create({ name, role, expiresAt, by }) {
      const now = clock.now()
      const id = randomBytes(6).toString('hex')
      const token = writeToken(id, randomBytes(32).toString('base64url'))
      const digest = sha256(token)
      const stored = { id, name, role, digest, createdAt: now, createdBy: by, expiresAt, revokedAt: null }
      await store.transaction('token', async (tx) => {
        await tx.forgetTokens(now - keptMs)
        refuseUnfit(stored, await tx.tokens(), configured())
        await tx.insertToken(stored)
        await tx.append([{ type: 'token.created', at: now, actor: by, body: { id, name, role, expiresAt } }])
      })
      known = await store.read.tokens()
      return { token, stored }
    },
    async revoke(name, by) {
      const now = clock.now()
      const revoked = await store.transaction('token', async (tx) => {
        const found = (await tx.tokens()).find((one) => one.name === name && one.revokedAt === null)
        if (found === undefined) throw missing(name, configured())
        await tx.revokeToken(found.id, now)
        await tx.append([{ type: 'token.revoked', at: now, actor: by, body: { id: found.id, name, role: found.role } }])
        return { ...found, revokedAt: now }
      })
      known = await store.read.tokens()
      return revoked
    },
  }
}

function refuseUnfit(wanted: StoredToken, before: readonly StoredToken[], configured: readonly Token[]): void {
  const inForce = before.filter(({ revokedAt }) => revokedAt === null)
  if ([...inForce, ...configured].some(({ name }) => name === wanted.name)) {
    throw new HeparError(
      'conflict',
      `there is a token named "${wanted.name}" already: revoke it, or choose another name`,
    )
  }
  if (inForce.length >= tokensMax) {
    throw new HeparError('conflict', `there are ${tokensMax} tokens already: revoke some that nobody needs`)
  }
  // From the first token on nobody comes in without one.
  if (before.length === 0 && configured.length === 0 && wanted.role !== 'admin') {
    throw new HeparError('invalid', 'the first token must have the role admin, or nobody could make another one')
  }
}

function missing(name: string, configured: readonly Token[]): HeparError {
  const isConfigured = configured.some((token) => token.name === name)
  return isConfigured
    ? new HeparError('conflict', `the token "${name}" is one of hepar.yaml`, {
        next: 'Take it out of auth.tokens in hepar.yaml, and reload.',
      })
    : new HeparError('not_found', `there is no token "${name}" in force`, {
        next: 'List them with `hepar token list`, or GET /api/v1/tokens.',
      })
}
