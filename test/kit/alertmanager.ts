import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from './ports.ts'
import { runProgram, type StartedProcess, startProcess } from './process.ts'
import { tempFolder } from './temp.ts'

export interface AlertmanagerSetup {
  /** A whole configuration file; everything else but `webConfig` is then ignored. */
  readonly config?: string
  /** Where the one receiver `hepar` posts to; without it, nothing is sent. */
  readonly webhookUrl?: string
  readonly bearer?: string
  /** Where a second receiver posts to, again every second while an alert is heard: a human who is called. */
  readonly pagerUrl?: string
  readonly groupBy?: readonly string[]
  readonly groupWait?: string
  readonly groupInterval?: string
  readonly repeatInterval?: string
  readonly sendResolved?: boolean
  readonly inhibitRules?: readonly Readonly<Record<string, unknown>>[]
  /** Text of a web configuration file (TLS, basic auth). */
  readonly webConfig?: string
  readonly readyHeaders?: Readonly<Record<string, string>>
}

export interface AlertmanagerAlert {
  readonly fingerprint: string
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly status: { readonly state: string; readonly silencedBy: string[]; readonly inhibitedBy: string[] }
}

export interface AlertmanagerSilence {
  readonly id: string
  readonly createdBy: string
  readonly comment: string
  readonly endsAt: string
  readonly matchers: readonly { readonly name: string; readonly value: string }[]
  readonly status: { readonly state: 'active' | 'pending' | 'expired' }
}

export interface Alertmanager extends AsyncDisposable {
  readonly url: string
  readonly folder: string
  pid(): number
  output(): string
  /** What `/api/v2/alerts` lists now. */
  alerts(): Promise<readonly AlertmanagerAlert[]>
  /** Posts alerts to its API as Prometheus would. Times are ISO texts; without `endsAt` it ends after `resolve_timeout`. */
  post(
    alerts: readonly {
      labels: Record<string, string>
      annotations?: Record<string, string>
      startsAt?: string
      endsAt?: string
    }[],
  ): Promise<void>
  /** Runs amtool against it and returns its output; throws when it fails. */
  amtool(...args: string[]): Promise<string>
  /** Every silence it keeps, the expired ones included. */
  silences(): Promise<readonly AlertmanagerSilence[]>
  /** Silences what carries exactly these labels for a minute; the silence's id. */
  silence(labels: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts again on the same port; `empty` (the default) with no memory of what it knew or sent. */
  restart(how?: { empty?: boolean }): Promise<void>
  signal(name: NodeJS.Signals): void
}

/** A real, unclustered Alertmanager on a port and folder of its own. */
export async function startAlertmanager(setup: AlertmanagerSetup = {}): Promise<Alertmanager> {
  const folder = await tempFolder('alertmanager')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let running: StartedProcess | null = null
  const start = async () => {
    await writeFile(folder.file('alertmanager.yml'), setup.config ?? configuration(setup))
    if (setup.webConfig !== undefined) await writeFile(folder.file('web.yml'), setup.webConfig)
    running = await launch(folder.path, port, setup)
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
  const amtool = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram('amtool', [`--alertmanager.url=${url}`, ...args])
    if (code !== 0) throw new Error(`amtool ${args.join(' ')}: ${stderr || stdout}`)
    return stdout
  }
  const json = { 'content-type': 'application/json', ...setup.readyHeaders }
  return {
    url,
    folder: folder.path,
    pid: () => running?.pid ?? -1,
    output: () => running?.output() ?? '',
    alerts: async () => {
      const answer = await fetch(`${url}/api/v2/alerts`, { headers: { ...setup.readyHeaders } })
      if (!answer.ok) throw new Error(`GET ${url}/api/v2/alerts: HTTP ${answer.status}`)
      return (await answer.json()) as AlertmanagerAlert[]
    },
    post: async (alerts) => {
      const answer = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify(alerts),
      })
      if (!answer.ok) throw new Error(`POST ${url}/api/v2/alerts: HTTP ${answer.status}: ${await answer.text()}`)
    },
    amtool,
    silences: async () => {
      const answer = await fetch(`${url}/api/v2/silences`, { headers: { ...setup.readyHeaders } })
      if (!answer.ok) throw new Error(`GET ${url}/api/v2/silences: HTTP ${answer.status}`)
      return (await answer.json()) as AlertmanagerSilence[]
    },
    silence: async (labels) => {
      const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      const added = await amtool('silence', 'add', '--author=test', '--comment=test', '--duration=1m', ...matchers)
      return added.trim()
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
    restart: async ({ empty = true } = {}) => {
      // A clean stop would snapshot its memory, and an empty one must not find it.
      await end(empty ? 'kill' : 'stop')
      if (empty) await rm(folder.file('data'), { recursive: true, force: true })
      await start()
    },
    signal: (name) => running?.signal(name),
    [Symbol.asyncDispose]: async () => {
      await end('stop')
      await folder[Symbol.asyncDispose]()
    },
  }
}

const pagerRoute = { receiver: 'pager', group_wait: '0s', group_interval: '1s', repeat_interval: '1s' }

function configuration(setup: AlertmanagerSetup): string {
  const webhook = setup.webhookUrl && {
    url: setup.webhookUrl,
    send_resolved: setup.sendResolved ?? true,
    ...(setup.bearer ? { http_config: { authorization: { credentials: setup.bearer } } } : {}),
  }
  return stringify({
    route: {
      receiver: 'hepar',
      group_by: setup.groupBy ?? ['...'],
      group_wait: setup.groupWait ?? '0s',
      group_interval: setup.groupInterval ?? '1s',
      repeat_interval: setup.repeatInterval ?? '1h',
      ...(setup.pagerUrl === undefined ? {} : { routes: [{ receiver: 'hepar', continue: true }, pagerRoute] }),
    },
    receivers: [
      { name: 'hepar', ...(webhook ? { webhook_configs: [webhook] } : {}) },
      ...(setup.pagerUrl === undefined ? [] : [{ name: 'pager', webhook_configs: [{ url: setup.pagerUrl }] }]),
    ],
    inhibit_rules: setup.inhibitRules ?? [],
  })
}

function launch(folder: string, port: number, setup: AlertmanagerSetup): Promise<StartedProcess> {
  return startProcess({
    name: 'alertmanager',
    command: 'prometheus-alertmanager',
    args: [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      ...(setup.webConfig === undefined ? [] : [`--web.config.file=${join(folder, 'web.yml')}`]),
    ],
    folder,
    ready: async () => (await fetch(`http://127.0.0.1:${port}/-/ready`, { headers: { ...setup.readyHeaders } })).ok,
  })
}
