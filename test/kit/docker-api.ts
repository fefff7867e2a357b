import { type IncomingMessage, request } from 'node:http'

/** A bare client of the Docker Engine API over its unix socket: the tests' own eyes and hands, apart from the product's. */
export interface DockerApi {
  readonly socket: string
  /** One request; throws on any status above 399 that is not in `accept`, and after `timeoutMs`. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { accept?: readonly number[]; timeoutMs?: number },
  ): Promise<{ readonly status: number; readonly text: string; readonly json: unknown }>
  /** Calls `onLine` for each line of an endless answer; resolves once the answer has begun. */
  follow(path: string, onLine: (line: string) => void): Promise<{ close(): void }>
}

export function dockerApi(socket: string): DockerApi {
  return {
    socket,
    async call(method, path, body, { accept = [], timeoutMs = 60_000 } = {}) {
      const response = await send(socket, method, path, body, timeoutMs)
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString()
      const status = response.statusCode ?? 0
      if (status > 399 && !accept.includes(status)) throw new Error(`${method} ${path}: HTTP ${status} ${text.trim()}`)
      return { status, text, json: asJson(text) }
    },
    async follow(path, onLine) {
      const response = await send(socket, 'GET', path, undefined, 0)
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') onLine(line)
      })
      response.on('error', () => undefined)
      return { close: () => void response.destroy() }
    },
  }
}

/** True when an engine answers on this socket. */
export async function dockerAnswers(socket: string, timeoutMs = 2_000): Promise<boolean> {
  try {
    return (await dockerApi(socket).call('GET', '/_ping', undefined, { timeoutMs })).status === 200
  } catch {
    return false
  }
}

function send(socket: string, method: string, path: string, body: unknown, timeoutMs: number) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const raw = Buffer.isBuffer(body)
    const payload = body === undefined ? null : raw ? body : Buffer.from(JSON.stringify(body))
    const headers = payload === null ? {} : { 'content-type': raw ? 'application/x-tar' : 'application/json' }
    const outgoing = request({ socketPath: socket, method, path, headers, agent: false }, resolve)
    if (timeoutMs > 0) {
      outgoing.setTimeout(timeoutMs, () =>
        outgoing.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)),
      )
    }
    outgoing.on('error', reject)
    outgoing.end(payload ?? undefined)
  })
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
