import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SinkRequest {
  /** Epoch milliseconds when its body had arrived. */
  readonly at: number
  readonly method: string
  /** Path with query string. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  json(): unknown
}

export interface Answer {
  readonly code?: number
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly delayMs?: number
  /** `before`: no byte is ever sent. `after`: headers and body are sent, the end never comes. `reset`: the connection is cut. */
  readonly hang?: 'before' | 'after' | 'reset'
}

export interface Sink extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Every request so far, in order of arrival. */
  readonly requests: readonly SinkRequest[]
  /** How to answer from now on; a function sees each request. The default is 200 with an empty body. */
  answer(how: Answer | ((request: SinkRequest) => Answer)): void
  clear(): void
}

/** An HTTP server on 127.0.0.1 that records what it gets and answers as told. */
export async function startSink({
  port = 0,
  answer = {} as Answer | ((request: SinkRequest) => Answer),
} = {}): Promise<Sink> {
  const requests: SinkRequest[] = []
  const timers = new Set<NodeJS.Timeout>()
  let how = answer
  const server = createServer(async (incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('error', () => {})
    try {
      for await (const text of incoming) body += text
    } catch {
      return
    }
    const { method = '', url = '', headers } = incoming
    const request = { at: Date.now(), method, path: url, headers, body, json: () => JSON.parse(body) as unknown }
    requests.push(request)
    const chosen = typeof how === 'function' ? how(request) : how
    const timer = setTimeout(() => {
      timers.delete(timer)
      reply(response, chosen)
    }, chosen.delayMs ?? 0)
    timers.add(timer)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const actual = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    requests,
    answer: (next) => {
      how = next
    },
    clear: () => void requests.splice(0),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const timer of timers) clearTimeout(timer)
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function reply(response: ServerResponse, { code = 200, body = '', headers = {}, hang }: Answer): void {
  if (hang === 'before') return
  if (hang === 'reset') return void response.destroy()
  response.writeHead(code, headers)
  if (hang === 'after') response.write(body)
  else response.end(body)
}

/** The event of every message that a channel which leads here was sent, in order, repeats included. */
export function toldTo({ requests }: Sink): readonly string[] {
  return requests.map((request) => (request.json() as { readonly event: string }).event)
}
