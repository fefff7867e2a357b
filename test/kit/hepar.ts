import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Ending, IncidentState } from '../../src/domain/incident.ts'
import { freePort } from './ports.ts'
import { type Exit, runProgram, type StartedProcess, startProcess } from './process.ts'
import { waitFor } from './wait.ts'

const root = resolve(import.meta.dirname, '../..')
// Parsing and stripping two hundred modules anew would be most of what a start costs.
const compileCache = join(root, 'node_modules/.cache/hepar-test')

export interface HeparSetup {
  /** Data, rules, configuration and logs live here and survive restarts. */
  readonly folder: string
  /** Goes over the kit's defaults, key by key. */
  readonly config?: Readonly<Record<string, unknown>>
  /** File name in `rules/` → its text. */
  readonly rules?: Readonly<Record<string, string>>
  readonly plugins?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Makes `hold` work: the same composition, started by the kit. */
  readonly holdable?: boolean
  /** Another program that serves with a configuration file as its only argument; the shipped one by default. */
  readonly main?: string
  /** Wraps the command, such as `strace`. */
  readonly wrap?: readonly string[]
  /** Resolve without waiting until it is ready. */
  readonly unready?: boolean
}

export interface IncidentView {
  readonly id: string
  readonly playbook: string
  readonly target: string
  readonly state: IncidentState
  readonly ending: Ending | null
  readonly reason: string
  readonly [more: string]: unknown
}

export interface EventView {
  readonly seq: number
  readonly type: string
  readonly at: number | string
  readonly actor: string
  readonly playbook: string | null
  readonly target: string | null
  readonly incident: string | null
  readonly attempt: string | null
  readonly body: Readonly<Record<string, unknown>>
}

export interface Hepar extends AsyncDisposable {
  readonly url: string
  readonly webhookUrl: string
  readonly folder: string
  readonly dataFolder: string
  readonly configFile: string
  pid(): number
  output(): string
  running(): boolean
  /** Posts a body to the webhook as Alertmanager would. */
  post(
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; text: string; json: unknown }>
  call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }>
  incidents(): Promise<readonly IncidentView[]>
  incident(id: string): Promise<Record<string, unknown>>
  /** The log from after a sequence number on, of one incident or of all. */
  events(incident?: string, after?: number): Promise<readonly EventView[]>
  /** Waits until exactly this state of affairs, and says what it saw when it never comes. */
  until(
    what: string,
    condition: (incidents: readonly IncidentView[]) => boolean,
    deadlineMs?: number,
  ): Promise<readonly IncidentView[]>
  hold(point: string): void
  reached(point: string, deadlineMs?: number): Promise<void>
  release(point: string): void
  /** SIGKILL, as a crash would be. */
  kill(): Promise<Exit>
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<Exit>
  /** How it ended, once it has. */
  exited(): Promise<Exit>
  /** Starts again on the same folder and port; `unready` resolves as soon as the process is there. */
  start(how?: { readonly unready?: boolean }): Promise<void>
  signal(name: NodeJS.Signals): void
  /** `hepar <args>` against this server. */
  cli(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>
}

/** The real Hepar in a process of its own, on a free port and a folder of the test's. */
export async function startHepar(setup: HeparSetup): Promise<Hepar> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const dataFolder = join(setup.folder, 'data')
  const holds = join(setup.folder, 'holds')
  const configFile = writeFiles(setup, port, holds)
  let running: StartedProcess = await launch(setup)

  function launch({ unready = false }: { readonly unready?: boolean }): Promise<StartedProcess> {
    const own = setup.main ?? (setup.holdable ? join(root, 'test/kit/held-hepar.ts') : null)
    const main = own === null ? [join(root, 'src/main.ts'), 'serve', '--config', configFile] : [own, configFile]
    const [command, ...args] = [...(setup.wrap ?? []), process.execPath, ...main]
    return startProcess({
      name: 'hepar',
      command: command!,
      args,
      folder: setup.folder,
      cwd: setup.folder,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ...setup.env,
        HEPAR_TEST_HOLDS: holds,
        NODE_COMPILE_CACHE: compileCache,
      },
      ...(unready ? {} : { ready: async () => (await fetch(`${url}/readyz`)).ok, readyWithinMs: 60_000 }),
    })
  }

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: JSON.parse(text || '{}') as Record<string, unknown> }
  }

  const incidents = async () => (await call('GET', '/api/v1/incidents?limit=200')).json.incidents as IncidentView[]
  const hepar: Hepar = {
    url,
    webhookUrl: `${url}/webhook/alertmanager`,
    folder: setup.folder,
    dataFolder,
    configFile,
    pid: () => running.pid,
    output: () => running.output(),
    running: () => running.running(),
    async post(body, headers = {}) {
      const response = await fetch(`${url}/webhook/alertmanager`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
      })
      const text = await response.text()
      return { status: response.status, text, json: parsed(text) }
    },
    call,
    incidents,
    incident: async (id) => (await call('GET', `/api/v1/incidents/${id}`)).json,
    async events(incident, from = 0) {
      const all: EventView[] = []
      for (let after = from; ; ) {
        const query = `limit=500&after=${after}${incident ? `&incident=${incident}` : ''}`
        const page = (await call('GET', `/api/v1/audit?${query}`)).json.events as EventView[]
        all.push(...page)
        if (page.length === 0) return all
        after = page.at(-1)!.seq
      }
    },
    async until(what, condition, deadlineMs = 120_000) {
      let seen: readonly IncidentView[] = []
      await waitFor(
        async () => {
          seen = await incidents()
          if (!condition(seen))
            throw new Error(
              JSON.stringify(seen.map(({ state, ending, reason, target }) => ({ target, state, ending, reason }))),
            )
          return true
        },
        { what, deadlineMs },
      )
      return seen
    },
    hold: (point) => writeFileSync(join(holds, `hold-${fileOf(point)}`), ''),
    async reached(point, deadlineMs = 60_000) {
      await waitFor(() => existsSync(join(holds, `reached-${fileOf(point)}`)), {
        what: `checkpoint ${point}`,
        deadlineMs,
      })
    },
    release(point) {
      rmSync(join(holds, `hold-${fileOf(point)}`), { force: true })
      rmSync(join(holds, `reached-${fileOf(point)}`), { force: true })
    },
    kill: () => running.kill(),
    stop: () => running.stop(60_000),
    exited: () => running.exited,
    async start(how = {}) {
      running = await launch(how)
    },
    signal: (name) => running.signal(name),
    cli: (...args) =>
      runProgram(process.execPath, [join(root, 'src/main.ts'), ...args], {
        cwd: setup.folder,
        env: { PATH: process.env.PATH, HEPAR_URL: url, NO_COLOR: '1', ...setup.env },
      }),
    [Symbol.asyncDispose]: async () => void (await running.kill()),
  }
  return hepar
}

function fileOf(point: string): string {
  return point.replaceAll(':', '-')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Every scheme, host and port that the playbooks probe. */
function placesIn(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.match(/https?:\/\/[\w.-]+:\d+/g) ?? []))]
}

/** A test does in a minute what nobody should do in an hour; what bounds repetition has tests of its own. */
const repeatable = { rate: ['9999/1m'], targetActions: ['9999/1h'], loops: '9999/1h', storm: { incidents: 9999 } }

function writeFiles(setup: HeparSetup, port: number, holds: string): string {
  const rules = join(setup.folder, 'rules')
  mkdirSync(rules, { recursive: true })
  mkdirSync(holds, { recursive: true })
  for (const [name, text] of Object.entries(setup.rules ?? {})) writeFileSync(join(rules, name), text)
  const configFile = join(setup.folder, 'hepar.yaml')
  const config = {
    listen: `127.0.0.1:${port}`,
    store: 'sqlite:./data/hepar.db',
    mode: 'auto',
    rules: './rules',
    plugins: setup.plugins ?? [join(root, 'plugins')],
    http: { allow: placesIn(Object.values(setup.rules ?? {})) },
    ...setup.config,
    limits: { ...repeatable, ...(setup.config?.limits as object | undefined) },
  }
  // JSON is YAML, so the configuration needs no writer of its own.
  writeFileSync(configFile, JSON.stringify(config, null, 2))
  return configFile
}
