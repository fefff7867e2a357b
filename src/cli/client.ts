import { readFileSync } from 'node:fs'
import { createHttpClient, type HttpReply } from '../sdk/http-client.ts'
import { peerDoor } from '../sdk/http-doors.ts'
import { CliError } from './failure.ts'
import type { CliParts } from './parts.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Asks a running server; every failure becomes a CliError with the next step. */
export interface Client {
  get(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Fields>
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body: string | Fields): Promise<Fields>
  remove(path: string): Promise<Fields>
}

const timeoutMs = 60_000
const bytesMax = 64 * 1024 * 1024

const http = createHttpClient()

interface Question {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export function createClient({ env }: Pick<CliParts, 'env'>): Client {
  const base = env.HEPAR_URL || 'http://127.0.0.1:4372'
  const token = env.HEPAR_TOKEN
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? ''))
    throw new CliError(`HEPAR_URL is not a URL: ${base}`, 'Set it as in http://127.0.0.1:4372.')
  const { username, password } = new URL(base)
  // It stands in errors, and nothing is signed in with them.
  if (username !== '' || password !== '') {
    throw new CliError('HEPAR_URL must not contain credentials', 'Take them out, and set HEPAR_TOKEN to a token.')
  }
  const ca = readAuthority(env.HEPAR_CA)
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}

  async function ask(path: string, { method, headers = {}, body }: Question): Promise<Fields> {
    const url = new URL(base.replace(/\/+$/, '') + path)
    const reply = await http.send({
      url,
      method,
      headers: { ...authorization, ...headers },
      ...(body !== undefined && { body }),
      ...(ca !== null && url.protocol === 'https:' && { tls: { ca } }),
      door: peerDoor(base),
      timeoutMs,
      bytesMax,
    })
    if (!reply.ok) throw unreachable(base, reply)
    return readAnswer(reply)
  }

  return {
    get: (path, query = {}) => {
      const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
      const search = new URLSearchParams(given as [string, string][]).toString()
      return ask(search === '' ? path : `${path}?${search}`, { method: 'GET' })
    },
    remove: (path) => ask(path, { method: 'DELETE' }),
    send: (method, path, body) => {
      const headers = { 'content-type': 'application/json' }
      return ask(path, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
    },
  }
}

/** Whom to trust for a server whose certificate no public authority signed. */
function readAuthority(file: string | undefined): Buffer | null {
  if (!file) return null
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new CliError(`HEPAR_CA cannot be read: ${file}`, 'Set it to a PEM file of certificates.', { cause })
  }
}

function readAnswer({ status, body }: { readonly status: number; readonly body: string }): Fields {
  const json = parse(body)
  if (status >= 200 && status < 300 && json !== null) return json
  const error = json?.error as { code?: string; message?: string; next?: string } | undefined
  if (error?.message !== undefined) {
    throw new CliError(error.message, error.next ?? '', { code: error.code ?? 'failed' })
  }
  const next = 'Check that HEPAR_URL points to hepar and not to something in front of it.'
  throw new CliError(`the server answered HTTP ${status} without a word that hepar knows`, next)
}

function parse(text: string): Fields | null {
  try {
    const json: unknown = JSON.parse(text)
    return json !== null && typeof json === 'object' ? (json as Fields) : null
  } catch {
    return null
  }
}

function unreachable(base: string, { sent, late, reason }: Extract<HttpReply, { ok: false }>): CliError {
  if (sent && late) {
    const next = 'It may be busy: look at its log, and ask again.'
    return new CliError(`${base} took the request and gave no answer in ${timeoutMs / 1_000} s`, next, {
      code: 'timeout',
    })
  }
  const next = 'Is `hepar serve` running? Set HEPAR_URL if it listens elsewhere.'
  return new CliError(`cannot reach ${base} (${reason})`, next, { code: 'unreachable' })
}
