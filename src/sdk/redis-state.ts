import { printable } from './printable.ts'

/** What came of a PING. What is silent, refused or lost said nothing; everything else shows a process that lives. */
export const redisStates = {
  pong: 'it answers PONG',
  loading: 'it is loading its data: a restart would begin that anew. Wait for it',
  busy: 'a script or function keeps it busy: end that with SCRIPT KILL or FUNCTION KILL, which loses nothing',
  misconf:
    'it cannot save its data, so it refuses writes: a restart would lose what is not saved. Make room on its disk, or see its log',
  readonly: 'it is a read-only replica: a restart would not make it a master. Let clients write to its master',
  masterdown: 'it is a replica cut off from its master, and serves no stale data: see to the master',
  noauth:
    'it demands a sign-in that Hepar does not have, so nothing can be learned of it: set user and password of this redis',
  full: 'it has as many clients as it takes: find who leaves connections open, or raise maxclients',
  denied: 'it is in protected mode and lets nobody in from elsewhere: set a password, or bind it',
  foreign: 'it answers, but not as Redis does: correct the url',
  error: 'it answers with an error',
  tls: 'no TLS could be agreed upon with it: compare redis:// or rediss:// and the certificates',
  closed: 'it closed the connection without a word, as a TLS port does to redis://: correct the url, or see its log',
  unreachable: 'no connection to its host could be made, which the network may be to blame for: see to it first',
  refused: 'it refuses connections: no process listens there',
  silent: 'it takes the connection and gives no answer',
} as const
export type RedisStateKind = keyof typeof redisStates

export interface RedisState {
  readonly kind: RedisStateKind
  /** What it said, or what the system said about it; cleaned and short. */
  readonly said: string
}

/** Only these two show that no process answers; for every other a restart is no cure, or it cannot be known. */
export function isDown({ kind }: RedisState): boolean {
  return kind === 'refused' || kind === 'silent'
}

const codes: Readonly<Record<string, RedisStateKind>> = {
  LOADING: 'loading',
  BUSY: 'busy',
  MISCONF: 'misconf',
  READONLY: 'readonly',
  MASTERDOWN: 'masterdown',
  NOAUTH: 'noauth',
  WRONGPASS: 'noauth',
  NOPERM: 'noauth',
  DENIED: 'denied',
}

/** What an error reply means, by its first word. */
export function stateOfReply(text: string): RedisState {
  const said = saidBy(text)
  if (/^(-?DENIED|ERR DENIED)\b/.test(text)) return { kind: 'denied', said }
  if (/^ERR max(imum)? number of clients/i.test(text)) return { kind: 'full', said }
  if (/^ERR (invalid password|operation not permitted)/i.test(text)) return { kind: 'noauth', said }
  return { kind: codes[/^[A-Z]+/.exec(text)?.[0] ?? ''] ?? 'error', said }
}

/** What a failed connection means, by the code of the error. `connected` once TCP was. */
export function stateOfFailure(error: unknown, connected: boolean): RedisState {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  const said = saidBy(message || code)
  if (!connected) return { kind: code === 'ECONNREFUSED' ? 'refused' : 'unreachable', said }
  if (code === 'ETIMEDOUT' || message === 'Command timed out') return { kind: 'silent', said }
  if (/^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_|EPROTO|ERR_OSSL)/.test(code)) {
    return { kind: 'tls', said }
  }
  if (/^Protocol error/i.test(message) || (error as Error).name === 'ParserError') return { kind: 'foreign', said }
  return { kind: 'closed', said }
}

/** In words, with what it said. */
export function describeState({ kind, said }: RedisState): string {
  return kind === 'pong' || said === '' ? redisStates[kind] : `${redisStates[kind]} (${said})`
}

function saidBy(text: string): string {
  return printable(text, 300)
}
