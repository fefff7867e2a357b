import { join } from 'node:path'
import { tempFolder } from '../test/kit/temp.ts'
import { median, ms, percent, perSecond } from './figures.ts'
import { eventLoopLagMs } from './inside.ts'
import type { BenchOptions, Findings, Outcome } from './section.ts'
import { type Sent, send } from './send.ts'
import { startBare, startHepar } from './servers.ts'

const connections = 50
/** The bare route is measured for longer than one load takes it: a short burst may be luck. It keeps nothing, so it knows no repetition. */
const bareRepeats = 5
const sizes = [
  { alertsPerDelivery: 1, alerts: 10_000 },
  { alertsPerDelivery: 10, alerts: 30_000 },
  { alertsPerDelivery: 100, alerts: 50_000 },
] as const

/** Alerts per second of Hepar beside those of a bare route, in pairs one after the other. */
export async function ingest({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  const outcomes: Outcome[] = []
  const lags: number[] = []
  for (const { alertsPerDelivery, alerts } of sizes) {
    const deliveries = alerts / alertsPerDelivery / (quick ? 10 : 1)
    const place = join(folder.path, `${alertsPerDelivery}`)
    const pairs = await measurePairs(place, { alertsPerDelivery, deliveries, connections }, rounds, (line) =>
      say(`ingest of ${alertsPerDelivery}: ${line}`),
    )
    lags.push(...pairs.map(({ lagMs }) => lagMs))
    const ratio = median(pairs.map(({ bare, hepar }) => hepar.alertsPerSecond / bare.alertsPerSecond))
    const middle = (of: 'bare' | 'hepar', what: 'alertsPerSecond' | 'cpuShare') =>
      median(pairs.map((pair) => pair[of][what]))
    outcomes.push({
      id: `ingest.${alertsPerDelivery}`,
      value: ratio,
      figure: ratio.toFixed(2),
      detail:
        `bare ${perSecond(middle('bare', 'alertsPerSecond'))}, Hepar ${perSecond(middle('hepar', 'alertsPerSecond'))}; ` +
        `the sender took ${percent(middle('bare', 'cpuShare'))} and ${percent(middle('hepar', 'cpuShare'))} of a processor`,
    })
  }
  const lagMs = Math.max(...lags)
  const detail = "Hepar's own `nodejs_eventloop_lag_p99_seconds`, the worst of all loads above"
  outcomes.push({ id: 'ingest.lag', value: lagMs, figure: ms(lagMs), detail })
  return { outcomes }
}

interface Pair {
  readonly bare: Sent
  readonly hepar: Sent
  readonly lagMs: number
}

/** Begins with an empty store; the first pair warms both up and is not counted. */
async function measurePairs(
  place: string,
  load: { readonly alertsPerDelivery: number; readonly deliveries: number; readonly connections: number },
  rounds: number,
  say: (line: string) => void,
): Promise<readonly Pair[]> {
  await using bare = await startBare(`${place}-bare`)
  await using hepar = await startHepar(`${place}-hepar`)
  const pairs: Pair[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const order = { ...load, from: round * load.alertsPerDelivery * load.deliveries }
    const ofBare = await send(bare, { ...order, repeats: bareRepeats })
    await eventLoopLagMs(hepar)
    const ofHepar = await send(hepar, order)
    const lagMs = await eventLoopLagMs(hepar)
    if (round > 0) pairs.push({ bare: ofBare, hepar: ofHepar, lagMs })
    const rates = `bare ${perSecond(ofBare.alertsPerSecond)}, Hepar ${perSecond(ofHepar.alertsPerSecond)}, lag ${ms(lagMs)}`
    say(`${rates}${round === 0 ? ' (warm-up)' : ''}`)
  }
  return pairs
}
