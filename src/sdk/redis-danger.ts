import { readdir, stat } from 'node:fs/promises'
import type { RedisSettings } from './redis-settings.ts'

/**
 * Why a restart could lose more than it mends, or `null`. A silent server cannot be asked what it is, and what it said last may
 * be older than the last failover, so the configuration must say it.
 */
export function whyDangerous(settings: RedisSettings): string | null {
  const { name, role, persistence, failover, restartDespiteFailover } = settings
  const state = (key: string, words: string) =>
    `a server that is down cannot be asked ${words}: state redis.${name}.${key}`
  if (role === null) return state('role', 'whether replicas hang on it (standalone, master or replica)')
  if (role === 'standalone') return null
  if (failover === null) return state('failover', 'whether another takes over from it (none, sentinel or cluster)')
  if (failover !== 'none' && !restartDespiteFailover) {
    const who = failover === 'sentinel' ? 'Sentinel' : 'its cluster'
    return `${who} makes another server the master when this one is away, and a restart would work against that: leave it to ${who}, or set redis.${name}.restart.despiteFailover`
  }
  if (role === 'replica') return null
  if (persistence === null) return state('persistence', 'whether its data are on disk (none, rdb or aof)')
  if (persistence !== 'none') return null
  return 'it is a master with replicas and without persistence: it would come back empty, and its replicas would empty themselves after it'
}

/** Why a master's data would not come back, as far as `dataPath` tells; `null` where they are there or nothing is said. */
export async function whyEmpty({ role, dataPath }: RedisSettings): Promise<string | null> {
  if (role !== 'master' || dataPath === null) return null
  try {
    const found = await stat(dataPath)
    const full = found.isDirectory() ? (await readdir(dataPath)).length > 0 : found.size > 0
    return full ? null : `its data would not come back: ${dataPath} is empty`
  } catch (error) {
    return `its data would not come back: ${dataPath} cannot be read (${(error as NodeJS.ErrnoException).code})`
  }
}
