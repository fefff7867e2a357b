import type { VerifyContext } from './index.ts'
import type { RedisInfo } from './redis-info.ts'
import type { RedisSettings } from './redis-settings.ts'

// Uptime is counted in whole seconds, and a start takes its time on a busy machine.
const slackMs = 2_000
const startMs = 10_000

type Times = Pick<VerifyContext, 'now' | 'intendedAt' | 'effectEndedAt' | 'effectSeen'>

/** Why a server that answers is not the well and new run of what was configured, or `null`. `lateMs`: for an effect whose end nobody saw. */
export function whyNotWell(info: RedisInfo, settings: RedisSettings, times: Times, lateMs: number): string | null {
  return (
    whyNotNew(info, times, lateMs) ??
    whyOtherRole(info, settings) ??
    (info.loading ? 'it is still loading its data' : null) ??
    whyNotPersistent(info, settings)
  )
}

/** No run id is known of a server that was silent, so the run's own age tells whether it began with the restart. */
function whyNotNew({ runId, uptimeSeconds }: RedisInfo, times: Times, lateMs: number): string | null {
  if (!/^[0-9a-f]{40}$/.test(runId) || uptimeSeconds === null) return 'INFO names no run_id and uptime_in_seconds'
  const run = `run ${runId.slice(0, 12)}`
  const startedBy = times.now - uptimeSeconds * 1_000
  if (startedBy < times.intendedAt - slackMs) {
    return `it has not been started since the restart was decided: ${run} is ${uptimeSeconds}s old`
  }
  const latest = times.effectEndedAt + startMs + (times.effectSeen ? 0 : lateMs)
  if (startedBy - 1_000 <= latest) return null
  return `it has started once more since the restart: ${run} is only ${uptimeSeconds}s old. It does not stay up`
}

function whyOtherRole({ role, master, masterLink, mode }: RedisInfo, settings: RedisSettings): string | null {
  if (mode === 'sentinel') return 'it is a Sentinel, not a server with data'
  const wanted = settings.role === 'replica' ? 'slave' : 'master'
  if (role !== wanted) return `its role is ${role || 'unknown'}, where the configuration says ${settings.role}`
  if (wanted === 'master' || masterLink === 'up') return null
  return `it is a replica of ${master}, but the link to it is ${masterLink || 'unknown'}`
}

function whyNotPersistent({ aof }: RedisInfo, { persistence }: RedisSettings): string | null {
  return persistence === 'aof' && !aof ? 'it keeps no append-only file, where the configuration says aof' : null
}
