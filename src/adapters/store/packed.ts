/** Identities that are hexadecimal lie in the database as their bytes, half as long; all others as the text they are. */
export type Packed = string | Uint8Array

const fingerprintShape = /^[0-9a-f]{16}$/
const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A fingerprint as Alertmanager makes them becomes 8 bytes. */
export function packFingerprint(fingerprint: string): Packed {
  return fingerprintShape.test(fingerprint) ? Buffer.from(fingerprint, 'hex') : fingerprint
}

export function unpackFingerprint(packed: Packed): string {
  return typeof packed === 'string' ? packed : hexOf(packed)
}

/** A UUID in its usual form becomes 16 bytes. */
export function packUuid(id: string): Packed {
  if (id.length !== 36 || !uuidShape.test(id)) return id
  return Buffer.from(id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24), 'hex')
}

export function unpackUuid(packed: Packed): string {
  if (typeof packed === 'string') return packed
  const hex = hexOf(packed)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export function hexOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex')
}
