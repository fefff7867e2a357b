import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from './ports.ts'
import { type StartedProcess, startProcess } from './process.ts'
import { tempFolder } from './temp.ts'

export interface ScrapeJob {
  readonly job: string
  /** `host:port` each. */
  readonly targets: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** More keys of `scrape_config`, as Prometheus spells them. */
  readonly more?: Readonly<Record<string, unknown>>
}

export interface PrometheusSetup {
  readonly scrape?: readonly ScrapeJob[]
  /** The text of a rules file. */
  readonly rules?: string
  /** Base URLs. */
  readonly alertmanagers?: readonly string[]
  readonly externalLabels?: Readonly<Record<string, string>>
  readonly alertRelabel?: readonly Readonly<Record<string, unknown>>[]
  /** Scrape and evaluation interval. */
  readonly intervalSeconds?: number
  readonly resendDelay?: string
  readonly lookbackDelta?: string
  /** Text of a web configuration file (TLS, basic auth). Readiness is then asked with `readyHeaders`. */
  readonly webConfig?: string
  readonly readyHeaders?: Readonly<Record<string, string>>
}

export interface Prometheus extends AsyncDisposable {
  readonly url: string
  readonly folder: string
  pid(): number
  output(): string
  /** GET of an API path; the parsed body. Throws unless 200. */
  get(path: string): Promise<{ status: string; data: unknown }>
  /** Writes changed settings and reloads. */
  reload(change: Partial<PrometheusSetup>): Promise<void>
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts again on the same port after `stop` or `kill`; `empty` forgets all data. */
  restart(how?: { empty?: boolean; change?: Partial<PrometheusSetup> }): Promise<void>
  signal(name: NodeJS.Signals): void
}

/** A real Prometheus on a port and folder of its own, scraping and evaluating every second. */
export async function startPrometheus(setup: PrometheusSetup = {}): Promise<Prometheus> {
  const folder = await tempFolder('prometheus')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let current = setup
  let running: StartedProcess | null = null
  const start = async () => {
    await writeConfiguration(folder.path, current)
    running = await launch(folder.path, port, current)
  }
  const end = async (how: 'stop' | 'kill') => {
    await running?.[how]()
    running = null
  }
  try {
    await start()
  } catch (cause) {
    await folder[Symbol.asyncDispose]()
    throw cause
  }
  return {
    url,
    folder: folder.path,
    pid: () => running?.pid ?? -1,
    output: () => running?.output() ?? '',
    get: (path) => getJson(`${url}${path}`, current.readyHeaders),
    reload: async (change) => {
      current = { ...current, ...change }
      await writeConfiguration(folder.path, current)
      const answer = await fetch(`${url}/-/reload`, { method: 'POST', headers: { ...current.readyHeaders } })
      if (!answer.ok) throw new Error(`Prometheus refused the configuration: ${await answer.text()}`)
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
    restart: async ({ empty = false, change = {} } = {}) => {
      await end('stop')
      if (empty) await rm(join(folder.path, 'data'), { recursive: true, force: true })
      current = { ...current, ...change }
      await start()
    },
    signal: (name) => running?.signal(name),
    [Symbol.asyncDispose]: async () => {
      await end('stop')
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function writeConfiguration(folder: string, setup: PrometheusSetup): Promise<void> {
  const interval = `${setup.intervalSeconds ?? 1}s`
  const alertmanagers = (setup.alertmanagers ?? []).map((url) => ({
    scheme: new URL(url).protocol.slice(0, -1),
    static_configs: [{ targets: [new URL(url).host] }],
  }))
  const configuration = {
    global: {
      scrape_interval: interval,
      scrape_timeout: interval,
      evaluation_interval: interval,
      external_labels: setup.externalLabels ?? {},
    },
    rule_files: ['rules.yml'],
    alerting: { alertmanagers, alert_relabel_configs: setup.alertRelabel ?? [] },
    scrape_configs: (setup.scrape ?? []).map(({ job, targets, labels = {}, more = {} }) => ({
      job_name: job,
      static_configs: [{ targets, labels }],
      ...more,
    })),
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'prometheus.yml'), stringify(configuration, { aliasDuplicateObjects: false }))
  await writeFile(join(folder, 'rules.yml'), setup.rules ?? 'groups: []\n')
  if (setup.webConfig !== undefined) await writeFile(join(folder, 'web.yml'), setup.webConfig)
}

function launch(folder: string, port: number, setup: PrometheusSetup): Promise<StartedProcess> {
  const scheme = setup.webConfig?.includes('tls_server_config') ? 'https' : 'http'
  return startProcess({
    name: 'prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--rules.alert.resend-delay=${setup.resendDelay ?? '1s'}`,
      `--query.lookback-delta=${setup.lookbackDelta ?? '5m'}`,
      ...(setup.webConfig === undefined ? [] : [`--web.config.file=${join(folder, 'web.yml')}`]),
    ],
    folder,
    ready: async () => {
      if (scheme === 'https') return portAnswers(port)
      return (await fetch(`http://127.0.0.1:${port}/-/ready`, { headers: { ...setup.readyHeaders } })).ok
    },
  })
}

async function portAnswers(port: number): Promise<boolean> {
  // A TLS server answers plain HTTP with 400, which is enough to know that it listens.
  return (await fetch(`http://127.0.0.1:${port}/`)).status === 400
}

async function getJson(url: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(url, { headers: { ...headers } })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`GET ${url}: HTTP ${answer.status}: ${text}`)
  return JSON.parse(text) as { status: string; data: unknown }
}
