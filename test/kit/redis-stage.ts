import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Alertmanager, startAlertmanager } from './alertmanager.ts'
import { type Foreteller, startForeteller } from './foreteller.ts'
import { type Hepar, startHepar } from './hepar.ts'
import { freePort } from './ports.ts'
import { startProcess } from './process.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { type Sink, startSink } from './sink.ts'
import { quickLimits } from './stage.ts'
import { tempFolder } from './temp.ts'

/** The loop around Redis: real servers → redis_exporter → Prometheus → Alertmanager → Hepar. */
export interface RedisStage extends AsyncDisposable {
  readonly hepar: Hepar
  readonly prometheus: Prometheus
  readonly alertmanager: Alertmanager
  readonly foreteller: Foreteller
  readonly oncall: Sink
}

const project = join(import.meta.dirname, '../..')

/** A shipped file with times for a test: quick to fire, to hold and to give up, and a human at the end. */
function quickened(file: string): string {
  return readFileSync(join(project, file), 'utf8')
    .replace(/^( +)# - escalate: oncall$/m, '$1- escalate: oncall')
    .replace(/^for: .*$/m, 'for: 2s')
    .replace(/^within: .*$/m, 'within: 60s')
    .replace(/^( +)cooldown: .*$/m, '$1cooldown: 1s')
    .replace(/^ +for: \d+[sm]$/gm, '')
    .replace('answer: 3s, grace: 10s', 'answer: 1s, grace: 2s')
}

/** Shows each server, by its name under `redis`, with an exporter of its own. */
export async function startRedisStage(
  servers: Readonly<Record<string, { readonly port: number; readonly config: Readonly<Record<string, unknown>> }>>,
): Promise<RedisStage> {
  const stack = new AsyncDisposableStack()
  try {
    const folder = stack.use(await tempFolder('redis-stage'))
    const scrape = []
    for (const [name, { port }] of Object.entries(servers)) {
      const target = `127.0.0.1:${await freePort()}`
      const args = ['-redis.addr', `redis://127.0.0.1:${port}`, '-web.listen-address', target]
      const ready = async () => (await fetch(`http://${target}/health`)).ok
      const command = 'prometheus-redis-exporter'
      stack.use(await startProcess({ name: `exporter-${name}`, command, args, folder: folder.path, ready }))
      scrape.push({ job: `redis-${name}`, targets: [target], labels: { redis: name } })
    }
    const oncall = stack.use(await startSink())
    const foreteller = stack.use(await startForeteller())
    const times = { groupBy: ['...'], groupWait: '0s', groupInterval: '1s', repeatInterval: '5s' }
    const alertmanager = stack.use(await startAlertmanager({ webhookUrl: foreteller.url, ...times }))
    const prometheus = stack.use(
      await startPrometheus({
        alertmanagers: [alertmanager.url],
        rules: quickened('prometheus/rules/redis.yml'),
        scrape,
      }),
    )
    const hepar = stack.use(
      await startHepar({
        folder: folder.path,
        rules: {
          'redis-down.yaml': quickened('rules/redis-down.yaml'),
          'redis-memory-high.yaml': quickened('rules/redis-memory-high.yaml'),
        },
        config: {
          sources: [{ name: 'main', alertmanagers: [alertmanager.url], prometheus: prometheus.url }],
          docker: { exporter: { enabled: false } },
          redis: Object.fromEntries(
            Object.entries(servers).map(([name, { port, config }]) => [
              name,
              { url: `redis://127.0.0.1:${port}`, ...config },
            ]),
          ),
          notify: { oncall: { url: oncall.url } },
          limits: quickLimits,
        },
      }),
    )
    foreteller.attach(hepar)
    const closing = stack.move()
    return { hepar, prometheus, alertmanager, foreteller, oncall, [Symbol.asyncDispose]: () => closing.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
