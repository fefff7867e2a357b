import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/domain/json.ts'
import { freePort } from './ports.ts'
import { runProgram, type StartedProcess, startProcess } from './process.ts'
import { commandOf, processesWith } from './process-table.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait.ts'

export const redisProgram = '/usr/bin/redis-server'

export interface RedisSetup {
  /** Lines of redis.conf after the kit's own, which keep nothing on disk. */
  readonly lines?: readonly string[]
  /** More arguments of redis-cli, such as a password. */
  readonly cli?: readonly string[]
  readonly stopped?: boolean
}

/** A real Redis on a port and in a folder of its own. */
export interface TestRedis extends AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly pidFile: string
  /** What starts it in the foreground. */
  readonly argv: readonly string[]
  /** The process by its pid file, whoever started it. */
  pid(): number
  /** What redis-cli prints. */
  cli(...args: readonly string[]): Promise<string>
  /** One field of INFO, by redis-cli. */
  info(field: string): Promise<string>
  start(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** SIGKILL, as the kernel would. */
  kill(): Promise<void>
  /** What the configuration of Hepar makes of it for plugins, with changes. */
  settings(change?: JsonObject): JsonObject
}

export async function startRedis({ lines = [], cli: more = [], stopped = false }: RedisSetup = {}): Promise<TestRedis> {
  const home = await tempFolder('redis')
  const port = await freePort()
  const folder = home.path
  const pidFile = join(folder, 'redis.pid')
  const conf = join(folder, 'redis.conf')
  const own = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, `pidfile ${pidFile}`, 'save ""']
  mkdirSync(folder, { recursive: true })
  writeFileSync(conf, [...own, `logfile ${join(folder, 'server.log')}`, ...lines].join('\n'))
  const argv = [redisProgram, conf]
  let started: StartedProcess | null = null

  const cli = async (...args: readonly string[]) => {
    const all = ['-h', '127.0.0.1', '-p', String(port), '--no-auth-warning', ...more, ...args]
    const { stdout, stderr } = await runProgram('redis-cli', all, { timeoutMs: 15_000 })
    return `${stdout}${stderr}`.trim()
  }
  const living = () => processesWith(`127.0.0.1:${port}`).filter((pid) => commandOf(pid) === 'redis-server')
  const kill = async () => {
    for (const pid of living()) process.kill(pid, 'SIGKILL')
    await started?.kill()
    await waitFor(() => living().length === 0, { what: 'Redis is gone' })
  }
  const server: TestRedis = {
    port,
    folder,
    pidFile,
    argv,
    pid: () => Number(readFileSync(pidFile, 'utf8')),
    cli,
    async info(field) {
      return new RegExp(`^${field}:(.*)$`, 'm').exec(await cli('INFO', 'everything'))?.[1]?.trim() ?? ''
    },
    async start() {
      const ready = async () => /PONG|LOADING|NOAUTH|MISCONF/.test(await cli('PING'))
      started = await startProcess({ name: 'redis', command: argv[0]!, args: argv.slice(1), folder, ready })
    },
    signal: (name) => {
      for (const pid of living()) process.kill(pid, name)
    },
    kill,
    settings: (change = {}) => ({ ...plainRedis, port, ...change }),
    async [Symbol.asyncDispose]() {
      await kill()
      await home[Symbol.asyncDispose]()
    },
  }
  if (!stopped) await server.start()
  return server
}

/** What plugins are told of a standalone Redis of which nothing else is said. */
export const plainRedis: JsonObject = {
  name: 'cache',
  port: 6379,
  host: '127.0.0.1',
  database: 0,
  tls: null,
  user: null,
  password: null,
  role: 'standalone',
  persistence: 'none',
  dataPath: null,
  failover: null,
  logFile: null,
  restartDespiteFailover: false,
  keys: [],
  disposable: false,
  mirrors: [],
  restart: null,
}
