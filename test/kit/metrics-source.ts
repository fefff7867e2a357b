import { createServer, type Server } from 'node:http'
import { freePort } from './ports.ts'

export interface MetricsSource extends AsyncDisposable {
  /** `host:port`, as a scrape target is written. */
  readonly target: string
  readonly url: string
  /** Sets one gauge; `null` takes the series away. */
  set(name: string, value: number | null, labels?: Readonly<Record<string, string>>): void
  /** How often it was scraped. */
  scrapes(): number
  /** Closes the port, as a dead target would. */
  die(): Promise<void>
  /** Opens the same port again. */
  revive(): Promise<void>
}

/** A tiny exporter whose values the test sets. */
export async function startMetricsSource(): Promise<MetricsSource> {
  const port = await freePort()
  const series = new Map<string, number>()
  let scrapes = 0
  let server: Server | null = null
  const revive = async () => {
    const opened = createServer((_request, response) => {
      scrapes++
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end([...series].map(([key, value]) => `${key} ${value}\n`).join(''))
    })
    await new Promise<void>((resolve, reject) => {
      opened.once('error', reject)
      opened.listen(port, '127.0.0.1', resolve)
    })
    server = opened
  }
  const die = () =>
    new Promise<void>((resolve) => {
      if (!server) return resolve()
      server.close(() => resolve())
      server.closeAllConnections()
      server = null
    })
  await revive()
  return {
    target: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/metrics`,
    set: (name, value, labels = {}) => {
      const key = seriesKey(name, labels)
      if (value === null) series.delete(key)
      else series.set(key, value)
    },
    scrapes: () => scrapes,
    die,
    revive,
    [Symbol.asyncDispose]: die,
  }
}

function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`
}
