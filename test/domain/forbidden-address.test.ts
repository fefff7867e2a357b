import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopbackAddress, parseRange, whyForbidden } from '../../src/domain/forbidden-address.ts'

/** What the ranges mean, in plain arithmetic. */
function isForbidden(address: number): boolean {
  const first = Math.floor(address / 2 ** 24)
  const second = Math.floor(address / 2 ** 16) % 256
  const alone = [
    [100, 100, 100, 200],
    [168, 63, 129, 16],
    [192, 0, 0, 192],
  ].map(numberOf)
  return first === 0 || first >= 224 || (first === 169 && second === 254) || alone.includes(address)
}

function numberOf(parts: readonly number[]): number {
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

function partsOf(address: number): number[] {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256)
}

function groupsOf(address: number): string {
  return `${Math.floor(address / 65_536).toString(16)}:${(address % 65_536).toString(16)}`
}

const near = fc.oneof(
  ...[
    '0.0.0.0',
    '127.0.0.1',
    '169.254.169.254',
    '169.253.255.255',
    '169.255.0.0',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '223.255.255.255',
    '224.0.0.0',
    '255.255.255.255',
    '10.0.0.1',
  ].map((text) => {
    const around = numberOf(text.split('.').map(Number))
    return fc.integer({ min: -3, max: 3 }).map((by) => Math.min(2 ** 32 - 1, Math.max(0, around + by)))
  }),
)
const anyV4 = fc.oneof(near, fc.integer({ min: 0, max: 2 ** 32 - 1 }))

/** Every way to write one address as the host of a URL. */
const spellings: readonly ((address: number) => string)[] = [
  (address) => partsOf(address).join('.'),
  (address) => String(address),
  (address) => `0x${address.toString(16)}`,
  (address) => `0${address.toString(8)}`,
  (address) =>
    partsOf(address)
      .map((part) => `0x${part.toString(16)}`)
      .join('.'),
  (address) =>
    partsOf(address)
      .map((part) => `0${part.toString(8)}`)
      .join('.'),
  (address) => `${partsOf(address)[0]}.${address % 2 ** 24}`,
  (address) => `${partsOf(address).join('.')}.`,
  (address) => partsOf(address).join('。'),
  (address) => `[::ffff:${groupsOf(address)}]`,
  (address) => `[::ffff:${partsOf(address).join('.')}]`,
  (address) => `[0:0:0:0:0:FFFF:${groupsOf(address)}]`,
]

describe('addresses that nobody asks', () => {
  test('are the same however an IPv4 address is written in a URL', () => {
    fc.assert(
      fc.property(anyV4, fc.constantFrom(...spellings), (address, spell) => {
        const host = new URL(`http://${spell(address)}/`).hostname.replace(/^\[|\]$/g, '')
        expect(whyForbidden(host) !== null).toBe(isForbidden(address))
        expect(isLoopbackAddress(host)).toBe(partsOf(address)[0] === 127)
      }),
      { numRuns: 2_000 },
    )
  })

  test('are not hidden in an IPv6 address that stands for an IPv4 one', () => {
    fc.assert(
      fc.property(anyV4, (address) => {
        for (const form of [`64:ff9b::${groupsOf(address)}`, `2002:${groupsOf(address)}::1`]) {
          expect(whyForbidden(form) !== null, form).toBe(isForbidden(address))
          expect(isLoopbackAddress(form)).toBe(partsOf(address)[0] === 127)
        }
      }),
    )
  })

  test.each([
    '::',
    'fe80::1',
    'febf:ffff::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd00:ec2::253',
    'fd20:ce::254',
    'fd00:42::42',
    '::a9fe:a9fe',
    '::ffff:0:a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2001:0:1:2::3',
    'fe80::1%eth0',
    '10.0.0.1%eth0',
    'fd00::1%eth0',
    'localhost',
    '',
    '127.1',
    '0x7f000001',
  ])('%j is one', (address) => {
    expect(whyForbidden(address)).toEqual(expect.any(String))
  })

  test.each([
    '::1',
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.17.0.1',
    '100.64.0.1',
    'fd00::1',
    '2a00:1450::1',
    'fec0::1',
  ])('%j is none: neighbours live there', (address) => {
    expect(whyForbidden(address)).toBeNull()
  })
})

describe('a range', () => {
  test('holds exactly what shares its first bits, whatever the address is written like', () => {
    fc.assert(
      fc.property(anyV4, anyV4, fc.integer({ min: 0, max: 32 }), (start, address, bits) => {
        const within = parseRange(`${partsOf(start).join('.')}/${bits}`)
        const size = 2 ** (32 - bits)
        const shared = Math.floor(start / size) === Math.floor(address / size)
        expect(within?.(partsOf(address).join('.'))).toBe(shared)
        expect(within?.(`::ffff:${groupsOf(address)}`)).toBe(shared)
      }),
    )
  })

  test.each([
    '',
    'x',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fd00::/129',
    '10.0.0/8',
    '10.0.0.0/-1',
    'localhost',
  ])('%j is none', (text) => {
    expect(parseRange(text)).toBeNull()
  })

  test('may be one address, and of either family', () => {
    expect(parseRange('10.1.2.3')?.('10.1.2.3')).toBe(true)
    expect(parseRange('10.1.2.3')?.('10.1.2.4')).toBe(false)
    expect(parseRange('fd00::/8')?.('fd12::1')).toBe(true)
    expect(parseRange('fd00::/8')?.('10.0.0.1')).toBe(false)
  })
})
