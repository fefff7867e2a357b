import type { Config } from '../../domain/config.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { RedisRestart, RedisServer } from '../../domain/redis-server.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import type { PlaceSettings } from './actions.ts'

interface Means {
  readonly read: (file: string) => string
  /** What an action on a container of this host is told. */
  readonly containersOf: (host: string) => PlaceSettings
}

/** What actions on one Redis are told: how to reach it, what it is, and what the configuration permits. */
export function redisSettings(
  { redis }: Pick<Config, 'redis'>,
  name: string,
  { read, containersOf }: Means,
): PlaceSettings {
  const server = redis.find((one) => one.name === name)
  if (server === undefined) {
    const hint = didYouMean(
      name,
      redis.map((one) => one.name),
    )
    return { unmapped: `there is no redis.${name.slice(0, 100)} in the configuration${hint}; add it with its url` }
  }
  const restart = restartSettings(server.restart, containersOf)
  if (restart !== null && 'unmapped' in restart) return restart
  const { role, persistence, dataPath, failover, logFile, restartDespiteFailover, keys, disposable } = server
  const said = { role, persistence, dataPath, failover, logFile, restartDespiteFailover, keys, disposable }
  return { settings: { name, ...connectionOf(server, read), ...said, restart: restart?.settings ?? null } }
}

function connectionOf({ host, port, database, secure, tls, user, password }: RedisServer, read: Means['read']) {
  const { ca, cert, key, serverName } = tls
  const files = Object.entries({ ca, cert, key }).flatMap(([what, file]) => (file ? [[what, read(file)]] : []))
  const secured = secure ? { ...Object.fromEntries(files), ...(serverName ? { serverName } : {}) } : null
  return { host, port, database, tls: secured as JsonObject | null, user, password: password?.reveal() ?? null }
}

function restartSettings(restart: RedisRestart | null, containersOf: Means['containersOf']): PlaceSettings | null {
  if (restart === null) return null
  if (restart.by !== 'container') return { settings: { ...restart } }
  const containers = containersOf(restart.host)
  if ('unmapped' in containers) return containers
  return { settings: { by: restart.by, name: restart.name, place: containers.settings } }
}
