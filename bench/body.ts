import { tempFolder } from '../test/kit/temp.ts'
import { deliveryBody } from './alerts.ts'
import { count, median, megabytes, ms, quantile, seconds } from './figures.ts'
import { eventLoopLagMs, probe } from './inside.ts'
import type { BenchOptions, Findings } from './section.ts'
import { startHepar } from './servers.ts'

const alerts = 10_000
const smallEveryMs = 20

/** One very large body, and what happens to everybody else while it is taken in. */
export async function body({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  await using hepar = await startHepar(folder.path)
  const large: number[] = []
  const small: number[] = []
  const live: number[] = []
  const lags: number[] = []
  let bytes = 0
  for (let round = 0; round <= (quick ? 1 : rounds); round += 1) {
    const text = deliveryBody(round * alerts, alerts)
    bytes = Buffer.byteLength(text)
    await eventLoopLagMs(hepar)
    const others = [sendSmall(hepar.webhook, 10_000_000 + round * 100_000), probe(`${hepar.url}/livez`, 10)] as const
    await new Promise((resolve) => setTimeout(resolve, 200))
    const begunAt = performance.now()
    await post(hepar.webhook, text)
    const took = performance.now() - begunAt
    const [ofSmall, ofLive] = await Promise.all(others.map((other) => other.stop()))
    const lag = await eventLoopLagMs(hepar)
    say(
      `body: ${count(took)} ms, small ones up to ${ms(Math.max(...(ofSmall ?? [])))}, lag ${ms(lag)}${round === 0 ? ' (warm-up)' : ''}`,
    )
    if (round === 0) continue
    large.push(took)
    lags.push(lag)
    small.push(...(ofSmall ?? []))
    live.push(...(ofLive ?? []))
  }
  const accepted = median(large) / 1_000
  const slowest = Math.max(...small)
  const lag = Math.max(...lags)
  return {
    outcomes: [
      {
        id: 'body.accepted',
        value: accepted,
        figure: seconds(accepted),
        detail: `${megabytes(bytes)} of JSON, half of its alerts matching, until the answer is read; the slowest took ${seconds(Math.max(...large) / 1_000)}`,
      },
      {
        id: 'body.small',
        value: slowest,
        figure: ms(slowest),
        detail: `the slowest of ${small.length} deliveries of one alert sent meanwhile; median ${ms(median(small))}`,
      },
      {
        id: 'body.lag',
        value: lag,
        figure: ms(lag),
        detail: `Hepar's own \`nodejs_eventloop_lag_p99_seconds\`, the worst round; /livez asked from outside answers within ${ms(quantile(live, 0.99))} (p99)`,
      },
    ],
  }
}

function sendSmall(webhook: string, from: number): { stop(): Promise<readonly number[]> } {
  const latencies: number[] = []
  let going = true
  const done = (async () => {
    for (let number = from; going; number += 1) {
      const begunAt = performance.now()
      await post(webhook, deliveryBody(number, 1))
      latencies.push(performance.now() - begunAt)
      await new Promise((resolve) => setTimeout(resolve, smallEveryMs))
    }
  })()
  return {
    async stop() {
      going = false
      await done
      return latencies
    },
  }
}

async function post(webhook: string, text: string): Promise<void> {
  const response = await fetch(webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text,
  })
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`a delivery was answered ${response.status}`)
}
