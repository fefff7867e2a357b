import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { type Role, roles, type Token } from '../domain/config.ts'
import { HttpError } from './errors.ts'

/** Who asks. `name` is the token's name, or `local` where no token is configured. */
export interface Principal {
  readonly name: string
  readonly role: Role
}

export type Access = Role | 'open'

/** What each role opens. Who operates does not approve: `fourEyes` would be worth nothing otherwise. */
const opens: Readonly<Record<Role, readonly Role[]>> = {
  webhook: ['webhook'],
  agent: ['agent'],
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  approver: ['viewer', 'approver'],
  admin: roles,
}

/** Whether a role opens a route. */
export function allows(role: Role, access: Access): boolean {
  return access === 'open' || opens[role].includes(access)
}

/** Whether a host name or address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (name === 'localhost' || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

interface Question {
  readonly access: Access
  readonly authorization: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly tokens: readonly Token[]
  /** The host the server listens on. */
  readonly listenHost: string
}

/** The caller, or an HttpError: 401 for an unknown one, 403 for one whose role does not suffice. */
export function authenticate(question: Question): Principal {
  const principal = question.tokens.length === 0 ? localPrincipal(question) : tokenPrincipal(question)
  if (principal === null) {
    if (question.access === 'open') return { name: 'anonymous', role: 'viewer' }
    throw unauthorized(question.authorization)
  }
  if (allows(principal.role, question.access)) return principal
  const message = `the role ${principal.role} may not do this; it needs ${question.access}`
  throw new HttpError(403, 'forbidden', message, 'Use a token with the role named in the message.')
}

// Without tokens every local caller is admin, so a web page must not be able to pose as one.
function localPrincipal({ host, origin, listenHost }: Question): Principal | null {
  if (!isLoopback(listenHost)) return null
  const next = 'Use http://127.0.0.1 or http://localhost, or configure auth.tokens in hepar.yaml.'
  if (!isLoopback(hostName(host))) {
    throw new HttpError(403, 'forbidden_host', 'the Host header does not name this machine', next)
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new HttpError(403, 'forbidden_origin', 'requests from other web pages are refused', next)
  }
  return { name: 'local', role: 'admin' }
}

function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '')
}

function tokenPrincipal({ authorization, tokens }: Question): Principal | null {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined) return null
  const wanted = hash(given)
  let found: Principal | null = null
  // Every token is compared, so the time taken does not tell which one came close.
  for (const { name, role, token } of tokens) {
    if (timingSafeEqual(wanted, hash(token.reveal()))) found = { name, role }
  }
  return found
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function unauthorized(authorization: string | undefined): HttpError {
  const message = authorization === undefined ? 'a bearer token is needed' : 'the bearer token is not known'
  const next =
    'Send "Authorization: Bearer <token>" with a token from auth.tokens in hepar.yaml (the CLI reads HEPAR_TOKEN).'
  return new HttpError(401, 'unauthorized', message, next, { headers: { 'WWW-Authenticate': 'Bearer realm="hepar"' } })
}
