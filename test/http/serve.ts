import { onTestFinished } from 'vitest'
import { createHttp, defaultServerLimits, type ServerLimits } from '../../src/http/server.ts'
import type { FakeWorld } from './fake-parts.ts'

export interface Served {
  readonly url: string
  readonly port: number
  ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>
}

/** Serves a fake world on a free loopback port until the test ends. */
export async function serve(world: FakeWorld, limits: Partial<ServerLimits> = {}): Promise<Served> {
  const server = createHttp(world.parts, { ...defaultServerLimits, ...limits })
  const { url, port } = await server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  return {
    url,
    port,
    ask: async (path, init) => {
      const response = await fetch(url + path, init)
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
      const body = isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : { text }
      return { status: response.status, headers: response.headers, body }
    },
  }
}

export function json(body: unknown, headers: Record<string, string> = {}, method = 'POST'): RequestInit {
  return { method, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}
