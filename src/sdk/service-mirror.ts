import * as z from 'zod'
import { printable } from './printable.ts'
import { openRedis } from './redis-link.ts'
import { addressOf, redisSettings } from './redis-settings.ts'
import { describeState } from './redis-state.ts'
import { serviceTraces } from './service-evidence.ts'

const answerMs = 5_000

/** What the configuration says about one service; `null` when it is not listed. */
export const serviceSettings = z.union([
  z.object({ service: z.null(), unlisted: z.string() }),
  z.object({
    service: z.object({
      name: z.string().min(1),
      ...serviceTraces,
      mirror: z.object({ key: z.string().min(1), redis: redisSettings }).nullable(),
    }),
  }),
])
export type Mirror = NonNullable<
  NonNullable<Extract<z.output<typeof serviceSettings>, { service: object }>['service']>['mirror']
>

/** By this a key is known to be a mirror; any other value is somebody else's. */
const mark = 'hepar:'

/** What a key holds: nothing, a mirror, or something that must not be touched. */
export type MirrorState = 'absent' | 'ours' | 'foreign'

/** One mirror, connected to. Whoever opens one closes it. */
export interface OpenMirror {
  look(): Promise<MirrorState>
  /** Refuses to write over what is not a mirror. */
  set(at: number): Promise<void>
  /** Removes nothing but a mirror; resolves to whether there was one. */
  remove(): Promise<boolean>
  close(): void
}

/** Throws with what is the matter with the Redis, and what can be done. */
export async function openMirror({ redis, key }: Mirror, signal: AbortSignal): Promise<OpenMirror> {
  const { state, link } = await openRedis(redis, { signal, answerMs })
  if (link === null) throw new Error(`redis "${redis.name}" (${addressOf(redis)}): ${describeState(state)}`)
  await link.call('SELECT', redis.database)
  return {
    async look() {
      if ((await link.call('TYPE', key)) !== 'string')
        return (await link.call('EXISTS', key)) === 0 ? 'absent' : 'foreign'
      return String(await link.call('GETRANGE', key, 0, mark.length - 1)) === mark ? 'ours' : 'foreign'
    },
    async set(at) {
      const written = await link.call('EVAL', setUnlessForeign, 1, key, mark, `${mark}${new Date(at).toISOString()}`)
      if (written !== 1) throw new Error(foreignWords(key))
    },
    async remove() {
      const removed = await link.call('EVAL', removeIfOurs, 1, key, mark)
      if (removed === -1) throw new Error(foreignWords(key))
      return removed === 1
    },
    close: () => link.close(),
  }
}

export function foreignWords(key: string): string {
  return `the key "${printable(key, 100)}" holds something that Hepar did not write: remove it, or choose another key`
}

// Looking and writing in one step, so that nothing of anybody else's is lost in between.
const looks = `
local kind = redis.call('TYPE', KEYS[1]).ok
local ours = kind == 'string' and redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) == ARGV[1]
`
const setUnlessForeign = `${looks}
if kind ~= 'none' and not ours then return 0 end
if kind == 'none' then redis.call('SET', KEYS[1], ARGV[2]) end
return 1`
const removeIfOurs = `${looks}
if kind == 'none' then return 0 end
if not ours then return -1 end
redis.call('DEL', KEYS[1])
return 1`
