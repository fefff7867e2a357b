import { join, resolve } from 'node:path'
import { runProgram } from '../test/kit/process.ts'
import { tempFolder } from '../test/kit/temp.ts'
import type { LoadResult } from './load.ts'
import { median, type Row } from './report.ts'
import { type Server, startBare, startHepar } from './servers.ts'

const connections = 50
const sizes = [
  { alertsPerDelivery: 1, alerts: 10_000, required: 0.3, goal: 0.6 },
  { alertsPerDelivery: 10, alerts: 30_000, required: 0.25, goal: 0.5 },
  { alertsPerDelivery: 100, alerts: 50_000, required: 0.15, goal: 0.3 },
]

/** Alerts per second of Hepar beside those of a bare route, in pairs one after the other. */
export async function ingest(rounds: number, say: (line: string) => void): Promise<readonly Row[]> {
  await using folder = await tempFolder('bench')
  const rows: Row[] = []
  let from = 0
  for (const { alertsPerDelivery, alerts, required, goal } of sizes) {
    // Each size begins with an empty store; the first pair warms both up and is not counted.
    await using bare = await startBare(join(folder.path, `bare-${alertsPerDelivery}`))
    await using hepar = await startHepar(join(folder.path, `hepar-${alertsPerDelivery}`))
    const pairs: { bare: number; hepar: number }[] = []
    for (let round = 0; round <= rounds; round += 1) {
      const order = { alertsPerDelivery, deliveries: alerts / alertsPerDelivery, connections, from }
      const pair = { bare: await alertsPerSecond(bare, order), hepar: await alertsPerSecond(hepar, order) }
      from += alerts
      if (round > 0) pairs.push(pair)
      say(
        `ingest ${alertsPerDelivery}: bare ${words(pair.bare)}, hepar ${words(pair.hepar)}${round === 0 ? ' (warm-up)' : ''}`,
      )
    }
    const ratio = median(pairs.map((pair) => pair.hepar / pair.bare))
    rows.push({
      what: `deliveries of ${alertsPerDelivery}: alerts/s beside a bare Express route`,
      figure: ratio.toFixed(2),
      required: `≥ ${required}`,
      goal: `≥ ${goal}`,
      reached: ratio >= required,
      detail: `bare ${words(median(pairs.map((pair) => pair.bare)))}, Hepar ${words(median(pairs.map((pair) => pair.hepar)))}`,
    })
  }
  return rows
}

interface Order {
  readonly alertsPerDelivery: number
  readonly deliveries: number
  readonly connections: number
  readonly from: number
}

/** Sends new alerts as fast as they are taken. */
export async function alertsPerSecond({ webhook }: Server, order: Order): Promise<number> {
  const script = resolve(import.meta.dirname, 'load.ts')
  const { code, stdout, stderr } = await runProgram(process.execPath, [
    script,
    JSON.stringify({ url: webhook, ...order }),
  ])
  if (code !== 0) throw new Error(`the load ended with ${code}: ${stderr}`)
  const { seconds, refused } = JSON.parse(stdout) as LoadResult
  if (refused > 0) throw new Error(`${refused} deliveries were refused`)
  return (order.alertsPerDelivery * order.deliveries) / seconds
}

export function words(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`
}
