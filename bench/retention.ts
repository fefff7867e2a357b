import { join } from 'node:path'
import { tempFolder } from '../test/kit/temp.ts'
import { median, perSecond } from './figures.ts'
import { copyData, writeOldEvents } from './old-events.ts'
import type { BenchOptions, Findings } from './section.ts'
import { send } from './send.ts'
import { type Server, startHepar } from './servers.ts'

const alertsPerDelivery = 10

/** Intake while old events are pruned, beside intake on the very same store where nothing is, in pairs. */
export async function retention({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  const oldEvents = quick ? 100_000 : 400_000
  const deliveries = quick ? 500 : 3_000
  await using folder = await tempFolder('bench-retention')
  const filled = join(folder.path, 'filled')
  await writeOldEvents(filled, oldEvents)
  const [atRest, atWork] = ['resting', 'pruning'].map((name) => join(folder.path, name)) as [string, string]
  for (const server of [atRest, atWork]) copyData(filled, join(server, 'data'))
  await using resting = await startHepar(atRest)
  await using pruning = await startHepar(atWork, { config: { retention: { audit: '90d' } } })
  const pairs: { resting: number; pruning: number }[] = []
  const prunedBy: number[] = [await prunedOf(pruning)]
  for (let round = 0; round <= rounds; round += 1) {
    const order = { alertsPerDelivery, deliveries, connections: 50, from: round * alertsPerDelivery * deliveries }
    const pair = {
      resting: (await send(resting, order)).alertsPerSecond,
      pruning: (await send(pruning, order)).alertsPerSecond,
    }
    prunedBy.push(await prunedOf(pruning))
    if (round > 0) pairs.push(pair)
    const rates = `resting ${perSecond(pair.resting)}, pruning ${perSecond(pair.pruning)}`
    say(`${rates}, ${prunedBy.at(-1)} events pruned so far`)
  }
  const busy = prunedBy.slice(1).every((count, index) => count > (prunedBy[index] ?? 0))
  if (!busy) throw new Error(`nothing was left to prune in the middle: fill in more than ${oldEvents} events`)
  const value = median(pairs.map((pair) => pair.pruning / pair.resting))
  const detail =
    `${perSecond(median(pairs.map((pair) => pair.resting)))} and ${perSecond(median(pairs.map((pair) => pair.pruning)))}; ` +
    `${prunedBy.at(-1)?.toLocaleString('en')} of ${oldEvents.toLocaleString('en')} old events were pruned meanwhile`
  return { outcomes: [{ id: 'retention.ingest', value, figure: value.toFixed(2), detail }] }
}

async function prunedOf({ url }: Server): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^hepar_retention_pruned_total\{what="events"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
