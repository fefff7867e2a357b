import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AuditKey,
  type AuditKeys,
  type ChainPosition,
  checkLine,
  macOf,
  type StoredLine,
} from '../../../src/adapters/store/chain.ts'
import { canonicalJson } from '../../../src/domain/json.ts'
import { sha256 } from '../../../src/engine/digest.ts'

test('the mac runs over the previous mac and the canonical header', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\u0000', '\u2028', 'é', '🫀', '\ud800') })
  const maybe = fc.option(text)
  const header = fc.record({
    seq: fc.nat(),
    type: fc.constant('alert.changed' as const),
    at: fc.nat(),
    actor: text,
    incident: maybe,
    attempt: maybe,
    playbook: maybe,
    target: maybe,
    digest: fc.string(),
    keyId: fc.string(),
  })
  const key = createSecretKey(Buffer.alloc(32, 7))
  fc.assert(
    fc.property(header, fc.string(), (line, previous) => {
      const expected = createHmac('sha256', key)
        .update(previous + canonicalJson(line))
        .digest('hex')
      expect(macOf(key, previous, line)).toBe(expected)
    }),
  )
})

describe('a line of the log', () => {
  const [old, current] = [keyOf(1), keyOf(2)]
  const keys: AuditKeys = { current, all: [old, current] }
  const start: ChainPosition = { seq: 0, mac: '0'.repeat(64), keyId: null }

  /** A good line after a position. */
  function line(before: ChainPosition, { key = current, ...more }: Partial<StoredLine> & { key?: AuditKey } = {}) {
    const body = '{"a":1}'
    const header = {
      seq: before.seq + 1,
      type: 'alert.changed',
      at: 1,
      actor: 'engine',
      incident: null,
      attempt: null,
      playbook: null,
      target: null,
      digest: sha256(body),
      keyId: key.id,
      ...more,
    } as const
    return { ...header, body, mac: macOf(key.secret, before.mac, header as never) }
  }

  const problem = (before: ChainPosition, stored: StoredLine) => {
    const check = checkLine(before, stored, keys)
    return check.ok ? null : check.problem
  }

  test('is good right after the one before, also once its body was erased', () => {
    const first = line(start)
    expect(checkLine(start, first, keys)).toEqual({ ok: true, position: { seq: 1, mac: first.mac, keyId: current.id } })
    expect(problem(start, { ...first, body: null })).toBe(null)
  })

  test('is noticed when one before it is missing, or when it stands where it does not belong', () => {
    const far = { ...start, seq: 5 }
    expect(problem(start, line(far))).toBe('gap')
    expect(problem(far, line(start))).toBe('order')
  })

  test('is noticed when its header was changed, or when it follows another line than it was written after', () => {
    for (const change of [{ actor: 'x' }, { at: 2 }, { type: 'pause.set' }, { digest: 'x' }, { incident: 'i' }]) {
      expect(problem(start, { ...line(start), ...change })).toBe('header')
    }
    expect(problem({ ...start, mac: 'f'.repeat(64) }, line(start))).toBe('header')
  })

  test('is noticed when its body was changed', () => {
    expect(problem(start, { ...line(start), body: '{"a":2}' })).toBe('body')
  })

  test('is noticed when a key signed it that is not in the file', () => {
    expect(problem(start, line(start, { key: keyOf(3) }))).toBe('unknown_key')
  })

  test('may change the key only forward, and only by saying so', () => {
    const signedBy = (key: AuditKey): ChainPosition => ({ ...start, seq: 4, keyId: key.id })
    expect(problem(signedBy(old), line(signedBy(old), { type: 'audit.key_changed' }))).toBe(null)
    expect(problem(signedBy(old), line(signedBy(old)))).toBe('key_change')
    expect(problem(signedBy(current), line(signedBy(current), { key: old, type: 'audit.key_changed' }))).toBe(
      'key_change',
    )
  })
})

function keyOf(byte: number): AuditKey {
  return { id: `k${byte}`, secret: createSecretKey(Buffer.alloc(32, byte)) }
}
