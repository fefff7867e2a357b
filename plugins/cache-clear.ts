import { isDeepStrictEqual } from 'node:util'
import { defineAction, duration, notNow, refuse, z } from '../src/sdk/index.ts'
import { logEvidence } from '../src/sdk/log-lines.ts'
import {
  countKeys,
  describePressure,
  flushDatabase,
  gain,
  infoOnceFreed,
  unlinkKeys,
} from '../src/sdk/redis-clearing.ts'
import { infoFacts, pressureOf, type RedisInfo } from '../src/sdk/redis-info.ts'
import { openRedis } from '../src/sdk/redis-link.ts'
import { addressOf, type RedisSettings, serverObject, settingsOf } from '../src/sdk/redis-settings.ts'
import { describeState } from '../src/sdk/redis-state.ts'

const answerMs = 5_000

// Kept back from the step's timeout, so that what was removed can still be counted.
const reportMs = 5_000

const params = z.strictObject({
  // FLUSHDB ASYNC instead of removing the keys that match; only where the configuration says disposable.
  everything: z.boolean().default(false),
  // It is well when it uses less of its maxmemory than this.
  belowPercent: z.number().min(1).max(100).default(80),
  keysMax: z.number().int().min(1).max(100_000_000).default(1_000_000),
  batchKeys: z.number().int().min(1).max(10_000).default(500),
  time: duration('30s').refine((ms) => ms >= 100, 'time is at least 100ms'),
})

export default defineAction({
  summary: 'Remove cached keys of one Redis',
  kind: 'redis',
  risk: 'destructive',
  idempotent: true,
  params,

  async plan(target, params, { settings: given, signal }) {
    const settings = settingsOf(target, given)
    const forbidden = whyForbidden(settings, params.everything)
    if (forbidden !== null) return refuse(`${target.text} is not cleared: ${forbidden}`)
    const where = `${target.text} (${addressOf(settings)}, database ${settings.database})`
    const { state, link } = await openRedis(settings, { signal, answerMs })
    if (link === null) return notNow(`${where} is not cleared: ${describeState(state)}`)
    try {
      const info = await link.info()
      const unfit = whyUnfit(info, params.belowPercent)
      if (unfit !== null) return notNow(`${where} is not cleared: ${unfit}`, infoFacts(info))
      await link.call('SELECT', settings.database)
      const patterns = params.everything ? ['*'] : settings.keys
      const { keys, all } = await countKeys(link, patterns, { signal, except: mirrorKeys(settings) })
      const words = params.everything ? 'of any name' : `matching ${patterns.join(', ').slice(0, 500)}`
      if (keys === 0 && all) return notNow(`${where} is not cleared: it has no key ${words}`, infoFacts(info))
      return {
        pin: { runId: info.runId, ...whatOf(settings, params.everything) },
        touches: [serverObject(settings)],
        summary: `Remove ${all ? keys : `more than ${keys}`} keys ${words} from ${where}; ${describePressure(info)}`,
        evidence: { ...infoFacts(info), keys, keysAreAll: all, patterns, ...(await logEvidence(settings.logFile)) },
      }
    } finally {
      link.close()
    }
  },

  async run({ target, params, pin }, { settings: given, signal, now, deadlineAt }) {
    const settings = settingsOf(target, given)
    const forbidden = whyForbidden(settings, params.everything)
    if (forbidden !== null) throw nothingDone(forbidden)
    const until = Math.min(now + params.time, deadlineAt - reportMs)
    if (until <= now) throw nothingDone(`the step's timeout must be longer than ${reportMs / 1_000}s; raise it`)
    const { state, link } = await openRedis(settings, { signal, answerMs })
    if (link === null) throw nothingDone(describeState(state))
    try {
      const before = await link.info()
      if (!isDeepStrictEqual(pin, { runId: before.runId, ...whatOf(settings, params.everything) })) {
        throw nothingDone('another run of the server, or other keys, were planned')
      }
      if (before.role !== 'master') throw nothingDone(`it has become a replica of ${before.master}`)
      await link.call('SELECT', settings.database)
      const { batchKeys, keysMax } = params
      const cleared = params.everything
        ? await flushDatabase(link)
        : await unlinkKeys(link, settings.keys, { batchKeys, keysMax, until, signal, except: mirrorKeys(settings) })
      return { ...cleared, ...gain(before, await infoOnceFreed(link, signal)) }
    } finally {
      link.close()
    }
  },

  async verify({ target, params, pin }, { settings: given, signal }) {
    const settings = settingsOf(target, given)
    const { state, link } = await openRedis(settings, { signal, answerMs })
    if (link === null) return { passed: false, detail: describeState(state) }
    try {
      const info = await link.info()
      if (info.runId !== pin.runId)
        return { passed: false, detail: 'it was restarted meanwhile: its memory proves nothing' }
      const pressure = pressureOf(info)
      const passed = pressure !== null && pressure * 100 < params.belowPercent
      return { passed, detail: `${describePressure(info)}; well is below ${params.belowPercent}%` }
    } finally {
      link.close()
    }
  },
})

/** What would be removed from where; a plan holds for exactly this. */
function whatOf(settings: RedisSettings, everything: boolean) {
  return { address: addressOf(settings), database: settings.database, patterns: everything ? null : settings.keys }
}

function mirrorKeys({ mirrors }: RedisSettings): readonly string[] {
  return mirrors.map(({ key }) => key)
}

function whyForbidden({ name, keys, disposable, mirrors }: RedisSettings, everything: boolean): string | null {
  const [mirror] = mirrors
  if (everything && mirror !== undefined) {
    return `it holds the mirror of services.${mirror.service}, whose safe mode would seem to end: keep that elsewhere`
  }
  if (everything)
    return disposable ? null : `only what is disposable may be emptied: state redis.${name}.disposable: true`
  return keys.length > 0 ? null : `no key of it may be removed: list patterns under redis.${name}.keys`
}

function whyUnfit(info: RedisInfo, belowPercent: number): string | null {
  if (info.mode !== 'standalone') return `its mode is "${info.mode}": keys of a cluster lie on other nodes, too`
  if (info.role !== 'master') return `it is a replica of ${info.master}, whose keys it has: a replica is READONLY`
  const pressure = pressureOf(info)
  if (pressure === null) return 'it has no maxmemory, so there is no pressure to relieve: set one'
  if (pressure * 100 >= belowPercent) return null
  return `${describePressure(info)}, which is below ${belowPercent}% already`
}

function nothingDone(why: string): Error {
  return new Error(`nothing was done: ${why}`)
}
