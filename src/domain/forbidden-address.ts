import { BlockList, isIP } from 'node:net'

const linkLocal = 'it is link-local, where clouds answer with credentials'
const metadata = 'clouds answer with credentials there'
const noHost = 'it is no address of one host'

/** No URL, whoever wrote it, leads there. IPv4 ranges count in every IPv6 form that stands for them. */
const forbidden = [
  ...ipv4('0.0.0.0', 8, noHost),
  ...ipv4('169.254.0.0', 16, linkLocal),
  ...ipv4('100.100.100.200', 32, metadata),
  ...ipv4('168.63.129.16', 32, metadata),
  ...ipv4('192.0.0.192', 32, metadata),
  ...ipv4('224.0.0.0', 3, noHost),
  ipv6('::', 128, noHost),
  ipv6('fe80::', 10, linkLocal),
  ipv6('ff00::', 8, noHost),
  // All of what Amazon keeps for its machines, credentials of pods among them.
  ipv6('fd00:ec2::', 32, metadata),
  ipv6('fd20:ce::254', 128, metadata),
  ipv6('fd00:42::42', 128, metadata),
  // Forms that hide an IPv4 address where it cannot be seen, and that nobody needs.
  ipv6('2001::', 32, noHost),
  ipv6('64:ff9b:1::', 48, noHost),
  ipv6('::ffff:0:0:0', 96, noHost),
]

const loopback = [...ipv4('127.0.0.0', 8, ''), ipv6('::1', 128, '')]

/** Why an address is never asked, or `null`. What is no address in its canonical spelling is never asked either. */
export function whyForbidden(address: string): string | null {
  const family = familyOf(address)
  if (family === null) return 'it is no IP address'
  if (inRange(loopback, address, family)) return null
  return forbidden.find(({ list }) => list.check(address, family))?.why ?? null
}

/** True for addresses that only this machine can reach. */
export function isLoopbackAddress(address: string): boolean {
  const family = familyOf(address)
  return family !== null && inRange(loopback, address, family)
}

/** Reads `10.0.0.0/8`, `fd00::/8` or one address, as a test of addresses; `null` when it is none. */
export function parseRange(text: string): ((address: string) => boolean) | null {
  const [start = '', bits, ...rest] = text.split('/')
  const family = familyOf(start)
  const bitsMax = family === 'ipv4' ? 32 : 128
  if (family === null || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return null
  const prefix = bits === undefined ? bitsMax : Number(bits)
  if (prefix > bitsMax) return null
  const list = new BlockList()
  list.addSubnet(start, prefix, family)
  return (address) => {
    const other = familyOf(address)
    return other !== null && list.check(address, other)
  }
}

type Family = 'ipv4' | 'ipv6'

interface Range {
  readonly list: BlockList
  readonly why: string
}

function familyOf(address: string): Family | null {
  const family = isIP(address)
  // A zone chooses an interface, which no list can know.
  if (family === 0 || address.includes('%')) return null
  return family === 6 ? 'ipv6' : 'ipv4'
}

function inRange(ranges: readonly Range[], address: string, family: Family): boolean {
  return ranges.some(({ list }) => list.check(address, family))
}

/** The range itself, and as it is written for NAT64, 6to4 and the old IPv4-compatible form; BlockList knows the mapped one. */
function ipv4(start: string, prefix: number, why: string): Range[] {
  const list = new BlockList()
  list.addSubnet(start, prefix, 'ipv4')
  const [a = 0, b = 0, c = 0, d = 0] = start.split('.').map(Number)
  const [high, low] = [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)]
  list.addSubnet(`64:ff9b::${high}:${low}`, 96 + prefix, 'ipv6')
  list.addSubnet(`::${high}:${low}`, 96 + prefix, 'ipv6')
  list.addSubnet(`2002:${high}:${low}::`, 16 + prefix, 'ipv6')
  return [{ list, why }]
}

function ipv6(start: string, prefix: number, why: string): Range {
  const list = new BlockList()
  list.addSubnet(start, prefix, 'ipv6')
  return { list, why }
}
