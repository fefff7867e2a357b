import type { IncomingMessage } from 'node:http'
import { sessionMs } from './sessions.ts'

/** The prefix makes browsers refuse the cookie unless it is Secure and of this very host. */
function nameOf(secure: boolean): string {
  return secure ? '__Host-hepar_session' : 'hepar_session'
}

export function sessionCookie(id: string, secure: boolean): string {
  return `${nameOf(secure)}=${id}; Max-Age=${sessionMs / 1_000}; ${attributes(secure)}`
}

export function clearedCookie(secure: boolean): string {
  return `${nameOf(secure)}=; Max-Age=0; ${attributes(secure)}`
}

function attributes(secure: boolean): string {
  return `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** The session named by a request's cookie, or `null`. */
export function sessionIdOf({ headers }: IncomingMessage, secure: boolean): string | null {
  const name = nameOf(secure)
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name && value !== undefined && /^[\w-]{43}$/.test(value)) return value
  }
  return null
}
