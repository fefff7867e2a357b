import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Delivery } from './delivery.ts'
import { DemoFailure } from './failure.ts'
import { type Program, searchPath, startProgram } from './program.ts'
import { type Scene, until } from './scene.ts'

export type Fields = Readonly<Record<string, unknown>>

/** The real Hepar, started as anybody would start it, in a folder of its own. */
export interface Hepar {
  readonly home: string
  readonly configFile: string
  readonly webhookTokenFile: string
  readonly viewerTokenFile: string
  pid(): number
  url(): string
  get(path: string): Promise<Fields>
  /** Posts a delivery to the webhook; with the token of Alertmanager, unless told otherwise. */
  deliver(delivery: Delivery, how?: { readonly token?: boolean }): Promise<{ status: number; answer: Fields }>
  /** Runs `hepar ARGS` and gives what it printed, line by line. */
  cli(...args: readonly string[]): Promise<{ readonly code: number; readonly lines: readonly string[] }>
  /** SIGKILL, as a crash would be. */
  kill(): Promise<void>
  start(): Promise<void>
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>
}

const main = resolve(import.meta.dirname, '../main.ts')
const roles = ['webhook', 'viewer', 'operator'] as const

/** What `auth` says in the demo's configuration: one token for each role, in files that only this user can read. */
export const authYaml = `auth:
  tokens:
${roles.map((role) => `    - { name: demo-${role}, role: ${role}, token: "file:./${role}.token" }`).join('\n')}
`

/** Writes the files into a folder and starts Hepar on a free port. `files` are texts by their paths below that folder. */
export async function startHepar(scene: Scene, files: Readonly<Record<string, string>>, listen = '127.0.0.1:0') {
  const { signal, closing } = scene
  const home = join(scene.folder, 'hepar')
  for (const folder of ['rules', 'plugins', 'data']) mkdirSync(join(home, folder), { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(home, path), text)
  const tokens = Object.fromEntries(roles.map((role) => [role, randomBytes(32).toString('hex')]))
  const tokenFile = (role: string) => join(home, `${role}.token`)
  for (const role of roles) writeFileSync(tokenFile(role), `${tokens[role]}\n`, { mode: 0o600 })
  const configFile = join(home, 'hepar.yaml')
  const bearer = (role: string) => ({ Authorization: `Bearer ${tokens[role]}` })
  let program: Program | null = null
  let url = ''
  closing.defer(() => program?.kill())

  const hepar: Hepar = {
    home,
    configFile,
    webhookTokenFile: tokenFile('webhook'),
    viewerTokenFile: tokenFile('viewer'),
    pid: () => program?.pid ?? -1,
    url: () => url,
    async get(path) {
      const response = await fetch(`${url}${path}`, { headers: bearer('viewer'), signal })
      if (!response.ok) throw new Error(`GET ${path}: HTTP ${response.status}: ${await response.text()}`)
      return (await response.json()) as Fields
    },
    async deliver({ headers, body }, { token = true } = {}) {
      const response = await fetch(`${url}/webhook/alertmanager`, {
        method: 'POST',
        headers: { ...headers, ...(token && bearer('webhook')) },
        body: JSON.stringify(body),
        signal,
      })
      return { status: response.status, answer: (await response.json()) as Fields }
    },
    cli: (...args) => runCli(args, { HEPAR_URL: url, HEPAR_TOKEN: tokens.operator ?? '' }, home, signal),
    kill: async () => program?.kill(),
    async start() {
      const lines: string[] = []
      const started = startProgram({
        name: 'hepar',
        command: process.execPath,
        args: [main, 'serve', '--json', '--config', configFile],
        folder: home,
        env: { HEPAR_LISTEN: listen },
        onLine: (line) => lines.push(line),
      })
      program = started
      url = await until({ signal }, 'Hepar is ready', () => {
        if (!started.running()) throw new DemoFailure(`Hepar could not start:\n${started.lastWords()}`)
        return urlIn(lines)
      })
    },
    stop: async () => program?.stop() ?? null,
  }
  await hepar.start()
  return hepar
}

/** Where it listens, by its greeting. */
function urlIn(lines: readonly string[]): string | null {
  const greeting = lines.find((line) => line.startsWith('{"ready":true'))
  return greeting === undefined ? null : (JSON.parse(greeting) as { url: string }).url
}

function runCli(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string, signal: AbortSignal) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: searchPath(), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  return new Promise<{ code: number; lines: string[] }>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code: code ?? -1, lines: text.trimEnd().split('\n') }))
  })
}
