import type { IncomingMessage } from 'node:http'
import type { Config } from '../domain/config.ts'
import type { AuthFailure, StoredToken } from '../domain/token.ts'
import { type Access, allows, forbidden, isLoopback, type Principal } from './auth.ts'
import { configured, isSame, type Match, made, match, standing } from './credentials.ts'
import { HttpError } from './errors.ts'
import { createFailedAttempts, type FailedAttempts } from './failed-attempts.ts'
import { isOwnOrigin, isSecure } from './origin.ts'
import { clearedCookie, sessionCookie, sessionIdOf } from './session-cookie.ts'
import { createSessions, csrfOf } from './sessions.ts'

export type SignIn =
  | { readonly ok: true; readonly cookie: string }
  | { readonly ok: false; readonly status: number; readonly reason: string; readonly retryAfter: number | null }

/** Says who asks, and lets in. One for each server, because it remembers sessions and failed attempts. */
export interface Doorkeeper {
  /** The caller, or an HttpError: 401 for an unknown one, 403 for one whose role does not suffice, 429 for one who guesses. */
  admit(request: IncomingMessage, access: Access): Principal
  /** The same without a refusal, for pages that anybody may see: `null` for nobody known. */
  lookFor(request: IncomingMessage): Principal | null
  /** Opens a session for a token typed into the page. */
  signIn(request: IncomingMessage, token: string): SignIn
  /** Ends the session of a request; gives the cookie that takes its place. */
  signOut(request: IncomingMessage): string
  /** Throws 403 unless what a session writes carries its `csrf`. */
  requireCsrf(who: Principal, given: string | undefined): void
}

interface DoorkeeperParts {
  readonly config: () => Config
  /** Tokens kept in the store. */
  readonly stored: () => readonly StoredToken[]
  readonly now: () => number
  readonly listenHost: () => string
  readonly onFailure: (reason: AuthFailure) => void
  readonly attempts?: FailedAttempts
}

/** Nobody finds a token of this length by trying, so it is looked at however many others failed. */
export const unguessableCharacters = 24

export function createDoorkeeper(parts: DoorkeeperParts): Doorkeeper {
  const { config, stored, now, listenHost, onFailure, attempts = createFailedAttempts() } = parts
  const sessions = createSessions()
  const tokens = () => [...configured(config().auth.tokens), ...made(stored())]

  const refusal = (reason: AuthFailure, error: HttpError) => {
    onFailure(reason)
    return error
  }

  /** Right tokens are never refused for the wrong ones of others, who may sit behind the same address. */
  const recognise = (presented: string, address: string): Match | { readonly kind: 'limited'; waitMs: number } => {
    const waitMs = attempts.waitMs(address)
    const isGuess = waitMs > 0 && presented.length < unguessableCharacters
    const found = match(presented, isGuess ? tokens().filter(({ role }) => role === 'webhook') : tokens(), now())
    if (found.kind !== 'unknown') return found
    if (waitMs > 0) return { kind: 'limited', waitMs }
    attempts.note(address)
    return found
  }

  const byToken = (presented: string, address: string): Principal => {
    const found = recognise(presented, address)
    if (found.kind === 'known') return { name: found.token.name, role: found.token.role, session: null }
    throw refusal(found.kind, found.kind === 'limited' ? tooMany(found.waitMs) : unauthorized(found.kind))
  }

  const bySession = (id: string): Principal | null => {
    const key = sessions.tokenOf(id, now())
    const token = key === null ? undefined : tokens().find((known) => known.key === key)
    if (token !== undefined && standing(token, now()).kind === 'known') {
      return { name: token.name, role: token.role, session: { csrf: csrfOf(id) } }
    }
    sessions.close(id)
    return null
  }

  const identify = (request: IncomingMessage): Principal => {
    if (tokens().length === 0) return local(request)
    const presented = presentedBy(request)
    if (presented !== null) return byToken(presented, addressOf(request))
    const id = sessionIdOf(request, isSecure(request, config()))
    const who = id === null ? null : bySession(id)
    if (who === null) throw refusal('missing', unauthorized('missing'))
    if (!isRead(request) && !isOwnOrigin(request, config())) throw refusal('origin', foreignOrigin())
    return who
  }

  // Without tokens every local caller is admin, so a web page must not be able to pose as one.
  const local = (request: IncomingMessage): Principal => {
    const { host, origin, ...others } = request.headers
    if (!isLoopback(listenHost())) throw refusal('missing', unauthorized('missing'))
    if (!isLoopback((host ?? '').replace(/:\d+$/, ''))) throw refusal('host', foreignHost())
    if (proxyMarks.some((name) => name in others)) throw refusal('host', throughProxy())
    if (origin !== undefined && !isOwnOrigin(request, config())) throw refusal('origin', foreignOrigin())
    return { name: 'local', role: 'admin', session: null }
  }

  return {
    admit(request, access) {
      if (access === 'open' && tokens().length > 0) return { name: 'anonymous', role: 'viewer', session: null }
      const who = identify(request)
      if (allows(who.role, access)) return who
      throw refusal('role', forbidden(who.role, access))
    },
    lookFor(request) {
      if (tokens().length === 0) return local(request)
      const id = sessionIdOf(request, isSecure(request, config()))
      return id === null ? null : bySession(id)
    },
    signIn(request, presented) {
      const refused = (status: number, reason: string, retryAfter: number | null = null) =>
        ({ ok: false, status, reason, retryAfter }) as const
      if (!isOwnOrigin(request, config())) {
        onFailure('origin')
        return refused(403, 'This form was not sent from a page of Hepar.')
      }
      const found = recognise(presented, addressOf(request))
      if (found.kind === 'known') {
        if (!allows(found.token.role, 'viewer')) {
          onFailure('role')
          return refused(403, `A token of the role ${found.token.role} opens no page.`)
        }
        const id = sessions.open(found.token.key, now())
        return { ok: true, cookie: sessionCookie(id, isSecure(request, config())) }
      }
      onFailure(found.kind)
      if (found.kind !== 'limited') return refused(401, words[found.kind])
      return refused(429, 'Too many wrong tokens came from your address.', Math.ceil(found.waitMs / 1_000))
    },
    signOut(request) {
      const secure = isSecure(request, config())
      const id = sessionIdOf(request, secure)
      if (id !== null) sessions.close(id)
      return clearedCookie(secure)
    },
    requireCsrf({ session }, given) {
      if (session === null || (given !== undefined && isSame(given, session.csrf))) return
      throw refusal('csrf', wrongCsrf())
    },
  }
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** `Authorization: Bearer`, else `X-API-Key`; what else stands in `Authorization` may be meant for a proxy. */
function presentedBy({ headers }: IncomingMessage): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const key = headers['x-api-key']
  return bearer ?? (typeof key === 'string' && key !== '' ? key : null)
}

function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

const words = {
  missing: 'A token is needed.',
  unknown: 'This token is not known.',
  expired: 'This token has expired.',
  revoked: 'This token was revoked.',
} as const

function unauthorized(kind: keyof typeof words): HttpError {
  const message = words[kind].replace(/^A|^T/, (letter) => letter.toLowerCase()).slice(0, -1)
  const next = 'Send "Authorization: Bearer <token>" or "X-API-Key: <token>" (the CLI reads HEPAR_TOKEN).'
  return new HttpError(401, 'unauthorized', message, next, { headers: { 'WWW-Authenticate': 'Bearer realm="hepar"' } })
}

function tooMany(waitMs: number): HttpError {
  const seconds = Math.ceil(waitMs / 1_000)
  const next = `Wait ${seconds} s, and send the right token.`
  return new HttpError(429, 'too_many_failures', 'too many wrong tokens came from this address', next, {
    headers: { 'Retry-After': String(seconds) },
  })
}

const localNext = 'Use http://127.0.0.1 or http://localhost, or make a token with `hepar token create`.'

/** Whoever comes with one of these came from elsewhere, to somebody on this machine who passed it on. */
const proxyMarks = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

function throughProxy(): HttpError {
  const next = 'Make a token with `hepar token create`: without one whoever reaches the proxy would be admin.'
  return new HttpError(403, 'forbidden_proxy', 'requests through a proxy need a token', next)
}

function foreignHost(): HttpError {
  return new HttpError(403, 'forbidden_host', 'the Host header does not name this machine', localNext)
}

function foreignOrigin(): HttpError {
  const next = 'Use the pages of Hepar at the address where you signed in, or set externalUrl to it in hepar.yaml.'
  return new HttpError(403, 'forbidden_origin', 'requests from other web pages are refused', next)
}

function wrongCsrf(): HttpError {
  const next = 'Open the page again and send its form, or send its value as X-CSRF-Token.'
  return new HttpError(403, 'forbidden_csrf', 'this request does not carry the csrf value of its session', next)
}
