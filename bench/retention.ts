import { join } from 'node:path'
import { tempFolder } from '../test/kit/temp.ts'
import { alertsPerSecond, words } from './ingest.ts'
import { copyData, writeOldEvents } from './old-events.ts'
import { median, type Row } from './report.ts'
import { type Server, startHepar } from './servers.ts'

const oldEvents = 400_000
const alertsPerDelivery = 10
const alerts = 30_000

/** Intake while old events are pruned, beside intake on the very same store where nothing is, in pairs. */
export async function retention(rounds: number, say: (line: string) => void): Promise<readonly Row[]> {
  await using folder = await tempFolder('bench-retention')
  const filled = join(folder.path, 'filled')
  await writeOldEvents(filled, oldEvents)
  const servers = ['resting', 'pruning'].map((name) => join(folder.path, name))
  for (const server of servers) copyData(filled, join(server, 'data'))
  await using resting = await startHepar(servers[0] ?? '')
  await using pruning = await startHepar(servers[1] ?? '', undefined, { retention: { audit: '90d' } })
  const pairs: { resting: number; pruning: number }[] = []
  const prunedBy: number[] = [await prunedOf(pruning)]
  let from = 0
  for (let round = 0; round <= rounds; round += 1) {
    const order = { alertsPerDelivery, deliveries: alerts / alertsPerDelivery, connections: 50, from }
    const pair = { resting: await alertsPerSecond(resting, order), pruning: await alertsPerSecond(pruning, order) }
    from += alerts
    prunedBy.push(await prunedOf(pruning))
    if (round > 0) pairs.push(pair)
    say(
      `retention: resting ${words(pair.resting)}, pruning ${words(pair.pruning)}, ${prunedBy.at(-1)} events pruned so far`,
    )
  }
  const busy = prunedBy.slice(1).every((count, index) => count > (prunedBy[index] ?? 0))
  if (!busy) throw new Error(`nothing was left to prune in the middle: fill in more than ${oldEvents} events`)
  const ratio = median(pairs.map((pair) => pair.pruning / pair.resting))
  return [
    {
      what: `intake while ${oldEvents.toLocaleString('en')} old events are pruned, beside intake while none is`,
      figure: ratio.toFixed(2),
      required: '≥ 0.8',
      goal: '≥ 0.8',
      reached: ratio >= 0.8,
      detail: `${words(median(pairs.map((pair) => pair.resting)))} and ${words(median(pairs.map((pair) => pair.pruning)))}; ${prunedBy.at(-1)?.toLocaleString('en')} events were pruned meanwhile`,
    },
  ]
}

async function prunedOf({ url }: Server): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^hepar_retention_pruned_total\{what="events"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
