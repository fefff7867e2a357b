import { createHmac, randomBytes } from 'node:crypto'
import { digestOf } from './credentials.ts'

/** A signed-in browser: which token it signed in with, and until when (epoch milliseconds). */
interface Session {
  readonly tokenKey: string
  readonly expiresAt: number
}

/** Who is signed in. Kept in memory as digests, so neither a copy of the store nor a restart carries a session on. */
export interface Sessions {
  /** A new session; the id is for the cookie alone. */
  open(tokenKey: string, now: number): string
  /** The key of the token of a session, or `null` for one that is over. */
  tokenOf(id: string, now: number): string | null
  close(id: string): void
}

export const sessionMs = 12 * 3_600_000
const [perTokenMax, sessionsMax] = [20, 1_000] as const

export function createSessions(): Sessions {
  const sessions = new Map<string, Session>()
  const keyOf = (id: string) => digestOf(id).toString('hex')
  const makeRoom = (tokenKey: string, now: number) => {
    for (const [key, { expiresAt }] of sessions) if (expiresAt <= now) sessions.delete(key)
    const own = [...sessions].filter(([, session]) => session.tokenKey === tokenKey).map(([key]) => key)
    for (const key of own.slice(0, Math.max(0, own.length - perTokenMax + 1))) sessions.delete(key)
    while (sessions.size >= sessionsMax) sessions.delete(sessions.keys().next().value as string)
  }
  return {
    open(tokenKey, now) {
      makeRoom(tokenKey, now)
      const id = randomBytes(32).toString('base64url')
      sessions.set(keyOf(id), { tokenKey, expiresAt: now + sessionMs })
      return id
    },
    tokenOf(id, now) {
      const session = sessions.get(keyOf(id))
      return session === undefined || session.expiresAt <= now ? null : session.tokenKey
    },
    close: (id) => void sessions.delete(keyOf(id)),
  }
}

/** What the forms of a session carry: only pages of Hepar can know it, and it opens nothing by itself. */
export function csrfOf(id: string): string {
  return createHmac('sha256', id).update('csrf').digest('base64url')
}
