import { resolve } from 'node:path'
import { runProgram } from '../test/kit/process.ts'
import type { LoadResult, Order } from './load.ts'
import type { Server } from './servers.ts'

export interface Sent extends LoadResult {
  readonly alertsPerSecond: number
}

/** Sends one load from a process of its own. Throws when a delivery is not answered 200. */
export async function send({ webhook }: Pick<Server, 'webhook'>, order: Omit<Order, 'url'>): Promise<Sent> {
  const script = resolve(import.meta.dirname, 'load.ts')
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [script, JSON.stringify({ url: webhook, ...order })],
    { timeoutMs: 600_000 },
  )
  if (code !== 0) throw new Error(`the load ended with ${code}: ${stderr}`)
  const result = JSON.parse(stdout) as LoadResult
  if (result.refused > 0) throw new Error(`${result.refused} deliveries were refused`)
  const alerts = order.alertsPerDelivery * order.deliveries * (order.repeats ?? 1)
  return { ...result, alertsPerSecond: alerts / result.seconds }
}
