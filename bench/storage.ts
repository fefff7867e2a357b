import { statSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from '../test/kit/temp.ts'
import { count } from './figures.ts'
import type { BenchOptions, Findings } from './section.ts'
import { send } from './send.ts'
import { startHepar } from './servers.ts'

const alertsPerDelivery = 10
const repeats = 3

/** How much the store grows, by the size of its files between two clean stops, which leave nothing in the write-ahead log. */
export async function storage({ quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  const alerts = quick ? 5_000 : 50_000
  const startsAt = new Date().toISOString()
  const load = { alertsPerDelivery, deliveries: alerts / alertsPerDelivery, connections: 20, startsAt }
  const grow = async (times: number, from: number) => {
    await using hepar = await startHepar(folder.path)
    for (let time = 0; time < times; time += 1) await send(hepar, { ...load, from })
  }
  // The first part fills what a new store has set aside.
  await grow(1, 0)
  const before = sizeOf(folder.path)
  await grow(1, alerts)
  const filled = sizeOf(folder.path)
  await grow(repeats, alerts)
  const repeated = sizeOf(folder.path)
  const fresh = (filled - before) / alerts
  const duplicate = (repeated - filled) / (alerts * repeats)
  say(`storage: ${count(fresh)} bytes for a new alert, ${count(duplicate)} for a duplicate`)
  const how = `${count(alerts)} alerts in deliveries of ${alertsPerDelivery}`
  return {
    outcomes: [
      {
        id: 'storage.new',
        value: fresh,
        figure: `${count(fresh)} bytes`,
        detail: `${how}, half of them opening an incident`,
      },
      {
        id: 'storage.duplicate',
        value: duplicate,
        figure: `${count(duplicate)} bytes`,
        detail: `the same ${how}, ${repeats} times again`,
      },
    ],
  }
}

function sizeOf(folder: string): number {
  const size = (name: string) => statSync(join(folder, 'data', name), { throwIfNoEntry: false })?.size ?? 0
  return size('hepar.db') + size('hepar.db-wal')
}
