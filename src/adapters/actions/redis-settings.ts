import type { Config } from '../../domain/config.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { RedisRestart, RedisServer } from '../../domain/redis-server.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import { serverObject } from '../../sdk/redis-settings.ts'
import type { PlaceSettings } from './actions.ts'

interface Means {
  readonly read: (file: string) => string
  /** What an action on a container of this host is told. */
  readonly containersOf: (host: string) => PlaceSettings
}

/** What actions on one Redis are told: how to reach it, what it is, and what the configuration permits. */
export function redisSettings(
  { redis, services }: Pick<Config, 'redis' | 'services'>,
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
  const mirrors = mirrorsIn(server, { redis, services })
  const said = { mirrors, role, persistence, dataPath, failover, logFile, restartDespiteFailover, keys, disposable }
  return { settings: { name, ...connectionOf(server, read), ...said, restart: restart?.settings ?? null } }
}

/** The keys of mirrors that lie in the same database, under whatever name the configuration has it. */
function mirrorsIn(server: RedisServer, { redis, services }: Pick<Config, 'redis' | 'services'>) {
  const place = (one: RedisServer) => `${serverObject(one)}/${one.database}`
  const names = redis.filter((one) => place(one) === place(server)).map(({ name }) => name)
  return services.flatMap(({ name: service, mirror }) =>
    mirror !== null && names.includes(mirror.redis) ? [{ key: mirror.key, service }] : [],
  )
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
