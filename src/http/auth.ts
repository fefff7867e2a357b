import { isIP } from 'node:net'
import { type Role, roles } from '../domain/config.ts'
import { HttpError } from './errors.ts'

/** Who asks. `name` is the token's name, `local` where no token is configured, `anonymous` on a route that is open. */
export interface Principal {
  readonly name: string
  readonly role: Role
  /** Set for who signed in to the pages: what each of their forms must carry as `csrf`. */
  readonly session: { readonly csrf: string } | null
}

/** `known` is whoever is known, whatever the role. */
export type Access = Role | 'known' | 'open'

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
  return access === 'open' || access === 'known' || opens[role].includes(access)
}

/** Whether a host name or address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (name === 'localhost' || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

export function forbidden(role: Role, access: Access): HttpError {
  const message = `the role ${role} may not do this; it needs ${access}`
  return new HttpError(403, 'forbidden', message, 'Use a token with the role named in the message.')
}
