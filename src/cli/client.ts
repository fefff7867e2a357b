import { CliError } from './failure.ts'
import type { CliParts } from './parts.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Asks a running server; every failure becomes a CliError with the next step. */
export interface Client {
  get(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Fields>
  send(method: 'POST' | 'PUT', path: string, body: string | Fields): Promise<Fields>
}

const timeoutMs = 60_000

export function createClient({ env }: Pick<CliParts, 'env'>): Client {
  const base = env.HEPAR_URL || 'http://127.0.0.1:4372'
  const token = env.HEPAR_TOKEN
  if (URL.parse(base) === null)
    throw new CliError(`HEPAR_URL is not a URL: ${base}`, 'Set it as in http://127.0.0.1:4372.')
  const authorization: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {}

  async function ask(path: string, init: RequestInit): Promise<Fields> {
    const url = base.replace(/\/+$/, '') + path
    let response: Response
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
    } catch (cause) {
      throw unreachable(base, cause)
    }
    return readAnswer(response)
  }

  return {
    get: (path, query = {}) => {
      const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
      const search = new URLSearchParams(given as [string, string][]).toString()
      return ask(search === '' ? path : `${path}?${search}`, { headers: authorization })
    },
    send: (method, path, body) => {
      const headers = { ...authorization, 'Content-Type': 'application/json' }
      return ask(path, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
    },
  }
}

async function readAnswer(response: Response): Promise<Fields> {
  const text = await response.text()
  const json = parse(text)
  if (response.ok && json !== null) return json
  const error = json?.error as { code?: string; message?: string; next?: string } | undefined
  if (error?.message !== undefined) {
    throw new CliError(error.message, error.next ?? '', { code: error.code ?? 'failed' })
  }
  const next = 'Check that HEPAR_URL points to hepar and not to something in front of it.'
  throw new CliError(`the server answered HTTP ${response.status} without a word that hepar knows`, next)
}

function parse(text: string): Fields | null {
  try {
    const json: unknown = JSON.parse(text)
    return json !== null && typeof json === 'object' ? (json as Fields) : null
  } catch {
    return null
  }
}

function unreachable(base: string, cause: unknown): CliError {
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    const next = 'It may be busy: look at its log, and ask again.'
    return new CliError(`${base} took the request and gave no answer in ${timeoutMs / 1_000} s`, next, {
      cause,
      code: 'timeout',
    })
  }
  const inner = (cause as { cause?: { code?: string; message?: string } }).cause
  const detail = inner?.code ?? inner?.message ?? (cause instanceof Error ? cause.message : String(cause))
  const next = 'Is `hepar serve` running? Set HEPAR_URL if it listens elsewhere.'
  return new CliError(`cannot reach ${base} (${detail})`, next, { cause, code: 'unreachable' })
}
