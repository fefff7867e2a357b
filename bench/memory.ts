import { tempFolder } from '../test/kit/temp.ts'
import { count, megabytes } from './figures.ts'
import { memoryOf } from './inside.ts'
import type { BenchOptions, Findings } from './section.ts'
import { send } from './send.ts'
import { startHepar } from './servers.ts'

const illAlerts = 1_000

/** What the main process holds after very many alerts that it had never seen before, while a thousand incidents stay open. */
export async function memory({ quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  await using hepar = await startHepar(folder.path)
  const alerts = quick ? 50_000 : 1_000_000
  const part = Math.min(alerts, 100_000)
  let sent = 0
  let highest = 0
  while (sent < alerts) {
    const order = { alertsPerDelivery: 100, deliveries: part / 100, connections: 20, from: sent }
    const { alertsPerSecond } = await send(hepar, { ...order, kind: { illUpTo: illAlerts } })
    sent += part
    highest = Math.max(highest, memoryOf(hepar.pid).rss)
    say(`memory: ${count(sent)} alerts, ${count(alertsPerSecond)}/s, ${megabytes(memoryOf(hepar.pid).rss)}`)
  }
  await new Promise((resolve) => setTimeout(resolve, quick ? 0 : 5_000))
  const { rss } = memoryOf(hepar.pid)
  const detail = `RSS five seconds after ${count(sent)} alerts that all fire, in deliveries of 100; at most ${megabytes(highest)} on the way`
  return { outcomes: [{ id: 'memory.many', value: rss / 1e6, figure: megabytes(rss), detail }] }
}
