import { printable } from './printable.ts'

/** What came of a PING, and what can be done about it. What is refused or silent shows no process; the rest does, or nothing. */
export const redisStates = {
  pong: 'it answers PONG',
  loading: 'it is loading its data: wait for it',
  busy: 'a script or function keeps it busy: end that with SCRIPT KILL or FUNCTION KILL',
  misconf: 'it cannot save its data, so it refuses to write: make room on its disk, or see its log',
  readonly: 'it is a read-only replica: let clients write to its master',
  masterdown: 'it is a replica cut off from its master: see to the master',
  noauth: 'it demands a sign-in that Hepar does not have: set user and password of this redis',
  full: 'it has as many clients as it takes: find who leaves connections open, or raise maxclients',
  denied: 'it is in protected mode and lets nobody in from elsewhere: set a password, or bind it',
  foreign: 'it answers, but not as Redis does: correct the url',
  error: 'it answers with an error',
  tls: 'no TLS could be agreed upon with it: compare redis:// or rediss:// and the certificates',
  closed: 'it closed the connection without a word, as a TLS port does to redis://: correct the url, or see its log',
  unreachable: 'no connection to its host could be made: see to the network',
  refused: 'it refuses connections: no process listens there',
  silent: 'it takes the connection and gives no answer',
} as const
export type RedisStateKind = keyof typeof redisStates

export interface RedisState {
  readonly kind: RedisStateKind
  /** What it said, or what the system said about it; cleaned and short. */
  readonly said: string
}

/** What a restart would do in each state but those two in which it is the cure. */
export const restartInstead: Readonly<Partial<Record<RedisStateKind, string>>> = {
  pong: 'a restart would only interrupt it',
  loading: 'a restart would begin that anew',
  busy: 'a restart would lose what is not saved',
  misconf: 'a restart would lose what is not saved',
  readonly: 'a restart would not make it a master',
  masterdown: 'a restart would not bring its master back',
  noauth: 'it lives, and nothing can be learned of it',
  full: 'a restart would lose what is not saved, and they would come back',
  unreachable: 'it may live behind it',
}

/** How it is down, or `null`: only these two states show that no process answers. */
export function downOf({ kind }: RedisState): 'refused' | 'silent' | null {
  return kind === 'refused' || kind === 'silent' ? kind : null
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
  if (/^(Protocol error|Unknown RESP type)/i.test(message) || (error as Error).name === 'ParserError')
    return { kind: 'foreign', said }
  return { kind: 'closed', said }
}

/** In words, with what it said. */
export function describeState({ kind, said }: RedisState): string {
  return kind === 'pong' || said === '' ? redisStates[kind] : `${redisStates[kind]} (${said})`
}

function saidBy(text: string): string {
  return printable(text, 300)
}
