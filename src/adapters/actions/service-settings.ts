import type { Config } from '../../domain/config.ts'
import type { JsonObject } from '../../domain/json.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import { redisSettings } from './redis-settings.ts'

/**
 * What actions on a service are told: whether it is listed, and how to reach the Redis of its mirror. Services that are not
 * listed are no mistake: what they are is up to whoever writes an action on them.
 */
export function serviceSettings({ services, redis }: Config, name: string, read: (file: string) => string): JsonObject {
  const service = services.find((one) => one.name === name)
  if (service === undefined) {
    const names = services.map((one) => one.name)
    return { service: null, unlisted: `there is no services.${name.slice(0, 100)}${didYouMean(name, names)}` }
  }
  return {
    service: { name, ...tracesOf(service), mirror: service.mirror && mirrorSettings(service.mirror, { redis }, read) },
  }
}

/** Where its state and its log are to be seen. */
export function tracesOf({ unit, logFile }: Pick<Config['services'][number], 'unit' | 'logFile'>) {
  return { unit, logFile }
}

function mirrorSettings(
  { redis: name, key }: { readonly redis: string; readonly key: string },
  { redis }: Pick<Config, 'redis'>,
  read: (file: string) => string,
): JsonObject {
  // How it is restarted is nothing that a mirror has to know.
  const servers = redis.map((server) => ({ ...server, restart: null }))
  const nowhere = () => ({ unmapped: 'a mirror restarts nothing' })
  const place = redisSettings({ redis: servers, services: [] }, name, { read, containersOf: nowhere })
  if ('unmapped' in place) throw new Error(place.unmapped)
  return { key, redis: place.settings }
}
