import { hash } from 'node:crypto'
import { canonicalJson } from '../domain/json.ts'

/** SHA-256 of text or bytes, hex. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

/** Enough of that digest to tell versions of one thing apart: 16 hex digits. It stands in every alert and incident. */
export function revisionOf(value: unknown): string {
  return digestOf(value).slice(0, 16)
}

/** SHA-256 of a value's canonical JSON, hex. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value))
}
