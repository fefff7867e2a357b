import type { Secret } from './secret.ts'

/** What a Redis is among others. `standalone` is a master without replicas. */
export const redisRoles = ['standalone', 'master', 'replica'] as const
export type RedisRole = (typeof redisRoles)[number]

export const redisPersistences = ['none', 'rdb', 'aof'] as const
export type RedisPersistence = (typeof redisPersistences)[number]

/** Who makes another server the master when this one is away. */
export const redisFailovers = ['none', 'sentinel', 'cluster'] as const
export type RedisFailover = (typeof redisFailovers)[number]

/** By what a Redis is restarted. Paths are absolute. */
export type RedisRestart =
  | { readonly by: 'container'; readonly host: string; readonly name: string }
  | { readonly by: 'unit'; readonly unit: string }
  | {
      readonly by: 'command'
      readonly argv: readonly string[]
      readonly folder: string
      readonly pidFile: string | null
    }

/** One Redis of `hepar.yaml`. Paths are absolute; `null` where nothing is said. */
export interface RedisServer {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly database: number
  readonly secure: boolean
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
  readonly user: string | null
  readonly password: Secret | null
  readonly role: RedisRole | null
  readonly persistence: RedisPersistence | null
  readonly dataPath: string | null
  readonly failover: RedisFailover | null
  /** Its log, whose end is shown with a plan. */
  readonly logFile: string | null
  readonly restart: RedisRestart | null
  readonly restartDespiteFailover: boolean
  /** Globs over keys that `cache-clear` may remove. */
  readonly keys: readonly string[]
  /** True where the whole database may be emptied. */
  readonly disposable: boolean
}
