import type { Config } from '../../src/domain/config.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { Retention } from '../../src/domain/retention.ts'
import { createRetention } from '../../src/engine/keep/retention.ts'
import type { Log, Store } from '../../src/engine/ports.ts'

export const day = 86_400_000

/** Prunes until nothing more may go, at a time of the test's; resolves to how many steps that took and what was logged. */
export async function pruneAll(
  store: Store,
  { now, auditMs = null, bytesMax = 10e9, stepsMax = 100_000 }: { now: number; stepsMax?: number } & Partial<Retention>,
): Promise<{ readonly steps: number; readonly logged: readonly string[]; readonly slowestMs: number }> {
  const logged: string[] = []
  const say = (_: unknown, message: string) => void logged.push(message)
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const config = { retention: { auditMs, bytesMax } } as Config
  const policy = { current: () => ({ config }) as Policy }
  const retention = createRetention({ store, clock: { now: () => now }, policy, log })
  let steps = 1
  let slowestMs = 0
  while (steps < stepsMax && (await retention.step())) {
    steps++
    slowestMs = Math.max(slowestMs, retention.lastTookMs())
  }
  return { steps, logged, slowestMs }
}
