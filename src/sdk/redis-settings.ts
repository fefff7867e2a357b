import * as z from 'zod'
import { redisFailovers, redisPersistences, redisRoles } from '../domain/redis-server.ts'
import { containerSettings } from './container-guard.ts'
import type { ActionTarget, JsonObject } from './index.ts'
import { isThisMachine } from './local-process.ts'

const text = z.string().min(1)

const restart = z.discriminatedUnion('by', [
  z.object({ by: z.literal('container'), name: text, place: containerSettings }),
  z.object({ by: z.literal('unit'), unit: text }),
  z.object({ by: z.literal('command'), argv: z.array(text).min(1), folder: text, pidFile: text.nullable() }),
])

/** What the configuration says about one Redis; all of it is needed, for a missing word would permit. */
export const redisSettings = z.object({
  name: text,
  host: text,
  port: z.number().int().min(1).max(65_535),
  database: z.number().int().min(0),
  tls: z
    .object({
      ca: text.exactOptional(),
      cert: text.exactOptional(),
      key: text.exactOptional(),
      serverName: text.exactOptional(),
    })
    .nullable(),
  user: z.string().nullable(),
  password: z.string().nullable(),
  role: z.enum(redisRoles).nullable(),
  persistence: z.enum(redisPersistences).nullable(),
  dataPath: text.nullable(),
  failover: z.enum(redisFailovers).nullable(),
  logFile: text.nullable(),
  restartDespiteFailover: z.boolean(),
  keys: z.array(text),
  disposable: z.boolean(),
  // What Hepar itself keeps in this database: nobody clears it by the way.
  mirrors: z.array(z.object({ key: text, service: text })),
  restart: restart.nullable(),
})
export type RedisSettings = z.output<typeof redisSettings>
export type RestartBy<B extends 'container' | 'unit' | 'command'> = Extract<
  NonNullable<RedisSettings['restart']>,
  { by: B }
>

/** The settings of exactly this target. Throws for those of another. */
export function settingsOf(target: ActionTarget, settings: JsonObject): RedisSettings {
  const parsed = redisSettings.parse(settings)
  if (parsed.name === target.name) return parsed
  throw new Error(`settings of redis "${parsed.name}" were given for ${target.text}: this is a defect of Hepar`)
}

/** What an attempt on a server holds, under whatever names the configuration lists it. */
export function serverObject({ host, port }: Pick<RedisSettings, 'host' | 'port'>): string {
  const name = host.toLowerCase()
  return `redis-server/${addressOf({ host: isThisMachine(name) ? 'local' : name, port })}`
}

/** Where it listens, for people; never a password. */
export function addressOf({ host, port }: Pick<RedisSettings, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
