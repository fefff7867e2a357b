import type { KeyObject } from 'node:crypto'
import type { AuditEvent, AuditHead } from '../../domain/audit.ts'
import { sha256 } from '../../engine/digest.ts'
import { hmacSha256 } from './hmac.ts'

/** One key of the log. `secret` never prints itself. */
export interface AuditKey {
  readonly id: string
  readonly secret: KeyObject
}

/** All keys that ever signed the log, oldest first; `current` signs what comes. */
export interface AuditKeys {
  readonly current: AuditKey
  readonly all: readonly AuditKey[]
}

/** What the first event follows. */
export const genesis: AuditHead = { seq: 0, mac: '0'.repeat(64), at: 0 }

type Header = Omit<AuditEvent, 'body' | 'mac'>

/** The mac of one event: over the mac before it and its own header in canonical JSON, which names the body's digest. */
export function macOf(secret: KeyObject, previousMac: string, header: Header): string {
  const { actor, at, attempt, digest, incident, keyId, playbook, seq, target, type } = header
  // The keys stand in sorted order, so this text is the canonical JSON of the header.
  const text = JSON.stringify({ actor, at, attempt, digest, incident, keyId, playbook, seq, target, type })
  return hmacSha256(secret, previousMac + text)
}

/** An event as it lies in the database, trusted in nothing. */
export type StoredLine = { readonly [key in keyof Header]: unknown } & { readonly body: unknown; readonly mac: unknown }

/** How far a log has been verified. */
export interface ChainPosition {
  readonly seq: number
  readonly mac: string
  readonly keyId: string | null
}

export type ChainProblem =
  /** An event is missing. */
  | 'gap'
  /** An event has a number that was given before. */
  | 'order'
  /** A header was changed, or the event was inserted or moved. */
  | 'header'
  /** The body does not have the digest that was chained. */
  | 'body'
  /** Signed with a key that is not in the key file. */
  | 'unknown_key'
  /** The key changed without an event that says so, or went back to an older one. */
  | 'key_change'

export type LineCheck =
  | { readonly ok: true; readonly position: ChainPosition }
  | { readonly ok: false; readonly seq: number; readonly problem: ChainProblem; readonly reason: string }

/** Checks one line against the position before it. A `null` body was erased and is not compared. */
export function checkLine(before: ChainPosition, line: StoredLine, keys: AuditKeys): LineCheck {
  const expected = before.seq + 1
  const bad = (seq: number, problem: ChainProblem, reason: string): LineCheck => ({ ok: false, seq, problem, reason })
  const seq = Number(line.seq)
  if (seq > expected) return bad(expected, 'gap', `event ${expected} is missing: ${before.seq} is followed by ${seq}`)
  if (seq < expected) return bad(seq, 'order', `event ${seq} stands where event ${expected} belongs`)
  const keyIndex = keys.all.findIndex(({ id }) => id === line.keyId)
  const key = keys.all[keyIndex]
  if (key === undefined) return bad(seq, 'unknown_key', `event ${seq} is signed with a key that is not in the key file`)
  const header = { ...line, seq, at: Number(line.at) } as unknown as Header
  if (macOf(key.secret, before.mac, header) !== line.mac) {
    return bad(
      seq,
      'header',
      `event ${seq} was changed, inserted or moved: its mac does not follow from the one before`,
    )
  }
  if (before.keyId !== null && before.keyId !== key.id) {
    const newer = keyIndex > keys.all.findIndex(({ id }) => id === before.keyId)
    const announced = line.type === 'audit.key_changed'
    if (!newer || !announced) return bad(seq, 'key_change', `event ${seq} changes the key without saying so`)
  }
  if (line.body !== null && (typeof line.body !== 'string' || sha256(line.body) !== line.digest)) {
    return bad(seq, 'body', `the body of event ${seq} was changed`)
  }
  return { ok: true, position: { seq, mac: line.mac, keyId: key.id } }
}
