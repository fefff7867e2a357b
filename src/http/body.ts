import type { IncomingMessage } from 'node:http'
import { HttpError } from './errors.ts'

/** Bytes of request bodies held in memory at once, over all requests. */
export interface BodyBudget {
  take(bytes: number): boolean
  give(bytes: number): void
}

export function createBodyBudget(bytesMax: () => number): BodyBudget {
  let held = 0
  return {
    take: (bytes) => {
      if (held + bytes > bytesMax()) return false
      held += bytes
      return true
    },
    give: (bytes) => {
      held -= bytes
    },
  }
}

/** The raw body. Throws HttpError 413 above `bytesMax`, 415 for what is not plain JSON (or a form), 503 when too much is in flight. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  budget: BodyBudget,
  kind: 'json' | 'form' = 'json',
): Promise<Buffer<ArrayBuffer>> {
  requirePlain(request, kind)
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw tooLarge(bytesMax)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // A refusal must leave the socket alive to be answered on.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (!budget.take(chunk.length)) throw busy()
      bytes += chunk.length
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      chunks.push(chunk)
    }
  } finally {
    budget.give(bytes)
  }
  return Buffer.concat(chunks, bytes)
}

/** Parses bytes as JSON. Throws HttpError 400 that says where it breaks. */
export function parseJson(raw: Uint8Array): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch (cause) {
    throw new HttpError(400, 'invalid_utf8', 'the body is not valid UTF-8', 'Send JSON encoded in UTF-8.', { cause })
  }
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const message = `the body is not valid JSON: ${cause instanceof Error ? shorten(cause.message) : 'unknown error'}`
    throw new HttpError(400, 'invalid_json', message, 'Send one complete JSON document.', { cause })
  }
}

const depthMax = 64

/** Refuses values nested deeper than anything meaningful, because later code walks them recursively. */
export function refuseDeep(value: unknown): void {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > depthMax) {
      throw new HttpError(
        400,
        'too_deep',
        `the body is nested deeper than ${depthMax} levels`,
        'Send a flatter document.',
      )
    }
    level = level.flatMap((item) => (item !== null && typeof item === 'object' ? Object.values(item) : []))
  }
}

/** The fields of a form. Throws HttpError 400 for a field that comes twice, for then nobody knows which one is meant. */
export function parseForm(raw: Uint8Array): Record<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(Buffer.from(raw).toString('utf8'))) {
    if (fields.has(name)) throw new HttpError(400, 'invalid', 'this form has a field twice', 'Send each field once.')
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

/** Whether a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function requirePlain(request: IncomingMessage, kind: 'json' | 'form'): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    const message = `Content-Encoding ${shorten(encoding)} is not accepted`
    throw new HttpError(415, 'unsupported_encoding', message, 'Send the body uncompressed.')
  }
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (kind === 'form') {
    if (type === 'application/x-www-form-urlencoded') return
    const message = 'this is not a form as browsers send it'
    throw new HttpError(415, 'unsupported_type', message, 'Send "Content-Type: application/x-www-form-urlencoded".')
  }
  if (type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type)) return
  const message = type === '' ? 'the Content-Type is missing' : `Content-Type ${shorten(type)} is not JSON`
  throw new HttpError(415, 'unsupported_type', message, 'Send "Content-Type: application/json".')
}

function tooLarge(bytesMax: number): HttpError {
  const message = `the body is larger than ${bytesMax} bytes`
  const next = 'Send smaller groups (Alertmanager: max_alerts, group_by), or raise limits.body in hepar.yaml.'
  return new HttpError(413, 'too_large', message, next)
}

/** The refusal of a body for which there is no room now. */
export function busy(): HttpError {
  return new HttpError(503, 'busy', 'too many large requests at once', 'Try again in a moment.')
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
