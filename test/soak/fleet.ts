import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type WrittenAlert, writtenAlert, writtenDelivery } from '../kit/delivery.ts'

/** The rest of the world: hosts whose alerts nobody heals, mostly repeated, some new, some over. */
export interface Fleet extends AsyncDisposable {
  /** Deliveries a second from now on. */
  setRate(perSecond: number): void
  rate(): number
  /** Lets so many hosts fall ill in one delivery. */
  burst(count: number): void
  figures(): { readonly deliveries: number; readonly alerts: number; readonly refused: number }
  /** How long deliveries took that were answered at the first try, in milliseconds, sorted. */
  latencies(): readonly number[]
}

const perDelivery = 40
const renewed = 2
const firingWanted = 1_500
/** One host in so many has a playbook that waits for it to recover, and does. */
const watchedOneIn = 10
/** Deliveries under way at once at most. */
const lanes = 4
const answerWithinMs = 10_000
const retryMs = 300

export function startFleet(
  webhookUrl: string,
  { random, taken }: { readonly random: () => number; readonly taken: (digest: string) => void },
): Fleet {
  const firing: WrittenAlert[] = []
  const figures = { deliveries: 0, alerts: 0, refused: 0 }
  const latencies: number[] = []
  const stopping = new AbortController()
  let perSecond = 6
  let bursts = 0
  let hosts = 0

  function fallIll(): WrittenAlert {
    hosts += 1
    const alertname = hosts % watchedOneIn === 0 ? 'Watched' : 'Unwatched'
    const labels = { alertname, host: `h${hosts}`, instance: `h${hosts}:9100`, job: 'node', severity: 'warning' }
    return writtenAlert(labels, { annotations: { summary: `host ${hosts} is ill` } })
  }

  function deliver(): Promise<void> {
    const fresh = Array.from({ length: renewed + bursts }, fallIll)
    bursts = 0
    const overCount = firing.length < firingWanted ? 0 : Math.min(perDelivery, renewed + firing.length - firingWanted)
    const over = firing.splice(0, overCount)
    const repeats = Array.from({ length: Math.min(perDelivery, firing.length) }, () => pick(firing, random))
    firing.push(...fresh)
    const resolved = over.map((alert) => ({ ...alert, status: 'resolved', endsAt: new Date().toISOString() }))
    return send([...fresh, ...new Set(repeats), ...resolved])
  }

  /** The same body until it is taken, as Alertmanager does. */
  async function send(alerts: readonly unknown[]): Promise<void> {
    const body = JSON.stringify(writtenDelivery(alerts))
    for (let tries = 1; ; tries += 1) {
      const at = performance.now()
      if (await isTaken(body)) {
        if (tries === 1) latencies.push(performance.now() - at)
        figures.deliveries += 1
        figures.alerts += alerts.length
        return taken(createHash('sha256').update(body).digest('hex'))
      }
      figures.refused += 1
      await pause(retryMs, undefined, { signal: stopping.signal })
    }
  }

  async function isTaken(body: string): Promise<boolean> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(answerWithinMs)])
    const headers = { 'content-type': 'application/json' }
    try {
      const answer = await fetch(`${webhookUrl}?source=fleet`, { method: 'POST', headers, body, signal })
      await answer.arrayBuffer()
      if (answer.status >= 400 && answer.status < 500) throw new Error(`HTTP ${answer.status}`, { cause: 'refused' })
      return answer.ok
    } catch (error) {
      if ((error as Error).cause === 'refused') throw error
      return false
    }
  }

  const lane = async () => {
    while (!stopping.signal.aborted) {
      const at = performance.now()
      await deliver()
      const restMs = (1_000 * lanes) / perSecond - (performance.now() - at)
      if (restMs > 0) await pause(restMs, undefined, { signal: stopping.signal })
    }
  }
  const running = Array.from({ length: lanes }, () =>
    lane().catch((error: Error) => {
      if (!stopping.signal.aborted) throw error
    }),
  )
  return {
    setRate: (next) => {
      perSecond = Math.min(500, Math.max(0.5, next))
    },
    rate: () => perSecond,
    burst: (count) => {
      bursts += count
    },
    figures: () => figures,
    latencies: () => latencies.toSorted((a, b) => a - b),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await Promise.all(running)
    },
  }
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!
}
