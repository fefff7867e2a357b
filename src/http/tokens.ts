import * as z from 'zod'
import { type Config, roles } from '../domain/config.ts'
import type { StoredToken } from '../domain/token.ts'
import { durationMs, nothing } from './fields.ts'
import { ok, read, write } from './route.ts'
import { iso } from './views.ts'

const tokenName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1 to 63 letters, digits, ".", "_" or "-"')

export const listTokens = read(
  { path: '/api/v1/tokens', access: 'admin', summary: 'List tokens, never with their secrets', query: nothing },
  (_, { tokens, policy, clock }) => ok(viewTokens(policy.current().config, tokens.all(), clock.now())),
)

export const createToken = write(
  {
    method: 'post',
    path: '/api/v1/tokens',
    access: 'admin',
    summary: 'Make a token; the answer is the only place where it ever stands',
    query: nothing,
    body: z.strictObject({ name: tokenName, role: z.enum(roles), expires: durationMs.optional() }),
    codes: { 201: 'Made.', 409: 'The name is in use.' },
  },
  async ({ body, by }, { tokens, clock }) => {
    const { name, role, expires } = body
    const now = clock.now()
    const { token, stored } = await tokens.create({
      name,
      role,
      by,
      expiresAt: expires === undefined ? null : now + expires,
    })
    return ok({ ...viewToken(stored, now), token }, 201)
  },
)

export const revokeToken = write(
  {
    method: 'post',
    path: '/api/v1/tokens/:name/revoke',
    access: 'admin',
    summary: 'Revoke a token, with the sessions that it opened',
    query: nothing,
    body: nothing,
    codes: { 404: 'There is no such token in force.' },
  },
  async ({ params, by }, { tokens, clock }) => {
    return ok(viewToken(await tokens.revoke(params.name ?? '', by), clock.now()))
  },
)

/** Those of hepar.yaml and those of the store. `now` is epoch milliseconds. */
export function viewTokens(config: Config, stored: readonly StoredToken[], now: number) {
  return { tokens: [...configuredTokens(config, now), ...stored.map((token) => viewToken(token, now))] }
}

function configuredTokens({ auth }: Config, now: number) {
  return auth.tokens.map(({ name, role, expiresAt }) => {
    const over = expiresAt !== undefined && expiresAt <= now
    return { name, role, state: over ? 'expired' : 'in force', from: 'hepar.yaml', expiresAt: iso(expiresAt ?? null) }
  })
}

export function viewToken({ id, name, role, createdAt, createdBy, expiresAt, revokedAt }: StoredToken, now: number) {
  const expired = expiresAt !== null && expiresAt <= now
  const state = revokedAt !== null ? 'revoked' : expired ? 'expired' : 'in force'
  const when = { createdAt: iso(createdAt), expiresAt: iso(expiresAt), revokedAt: iso(revokedAt) }
  return { name, role, state, from: 'store', id, createdBy, ...when }
}
