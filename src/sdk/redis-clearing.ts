import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from './index.ts'
import { printable } from './printable.ts'
import { pressureOf, type RedisInfo } from './redis-info.ts'
import { type SweepBounds, sweepKeys } from './redis-keys.ts'
import type { RedisLink } from './redis-link.ts'

const freeingMs = 3_000
const lookEveryMs = 100
const countMs = 2_000
const countKeysMax = 100_000

/** How many keys match; `all` is false where counting was ended before it was through. */
export async function countKeys(
  link: RedisLink,
  patterns: readonly string[],
  { signal, except }: Pick<SweepBounds, 'signal' | 'except'>,
) {
  const bounds = {
    batchKeys: 1_000,
    keysMax: countKeysMax,
    until: Date.now() + countMs,
    signal,
    ...(except && { except }),
  }
  const { keys, end } = await sweepKeys(link, patterns, async (batch) => batch.length, bounds)
  return { keys, all: end === 'done' }
}

/** Removes keys that match, in batches within the bounds. The reply to each batch is waited for before the next. */
export async function unlinkKeys(link: RedisLink, patterns: readonly string[], bounds: SweepBounds) {
  let removed = 0
  try {
    const { end } = await sweepKeys(
      link,
      patterns,
      async (batch) => {
        const taken = Number(await link.call('UNLINK', ...batch))
        removed += taken
        return taken
      },
      bounds,
    )
    return { keys: removed, end }
  } catch (cause) {
    bounds.signal.throwIfAborted()
    throw new Error(`${removed} keys were removed, then: ${printable((cause as Error).message, 300)}`, { cause })
  }
}

/** Empties the selected database; the server frees the memory in the background. */
export async function flushDatabase(link: RedisLink) {
  const keys = Number(await link.call('DBSIZE'))
  await link.call('FLUSHDB', 'ASYNC')
  return { keys, end: 'done' }
}

/** INFO once what was removed has been freed, or after three seconds. */
export async function infoOnceFreed(link: RedisLink, signal: AbortSignal): Promise<RedisInfo> {
  const until = performance.now() + freeingMs
  for (;;) {
    const info = await link.info()
    if ((info.lazyfreePending ?? 0) === 0 || performance.now() >= until) return info
    await pause(lookEveryMs, undefined, { signal })
  }
}

/** What was gained. Clients that write meanwhile may eat it up: then nothing was. */
export function gain(before: RedisInfo, after: RedisInfo): JsonObject {
  const [usedBytesBefore, usedBytesAfter] = [before.usedMemoryBytes ?? 0, after.usedMemoryBytes ?? 0]
  return { bytesFreed: Math.max(0, usedBytesBefore - usedBytesAfter), usedBytesBefore, usedBytesAfter }
}

/** Such as `it uses 93% of its maxmemory (97000000 of 104857600 bytes)`. */
export function describePressure(info: RedisInfo): string {
  const pressure = pressureOf(info)
  if (pressure === null) return `it uses ${info.usedMemoryBytes ?? 'unknown'} bytes and has no maxmemory`
  const percent = Math.round(pressure * 1_000) / 10
  return `it uses ${percent}% of its maxmemory (${info.usedMemoryBytes} of ${info.maxMemoryBytes} bytes)`
}
