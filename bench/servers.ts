import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freePort } from '../test/kit/ports.ts'
import { startProcess } from '../test/kit/process.ts'
import { playbookText } from './alerts.ts'

const root = resolve(import.meta.dirname, '..')

export interface Server extends AsyncDisposable {
  readonly url: string
  readonly webhook: string
  readonly pid: number
  readonly folder: string
  /** From the start of the process to its first 200 at /readyz. */
  readonly readyMs: number
}

/** Any program that takes a port as its last argument and answers at `/readyz` once it is ready. */
export function startOther(name: string, folder: string, args: readonly string[], webhook = '/webhook/alertmanager') {
  return start(name, folder, (port) => [...args, String(port)], webhook)
}

/** A bare Express route in a process of its own. */
export function startBare(folder: string): Promise<Server> {
  return startOther('bare', folder, [join(root, 'bench/bare.ts')])
}

export interface HeparSetup {
  readonly playbooks?: Readonly<Record<string, string>>
  /** Goes over the defaults of the bench, key by key. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The program; the sources where it is missing. */
  readonly main?: string
  readonly readyWithinMs?: number
}

/** Hepar as a user starts it, on the data of its folder, with one playbook and no neighbours but a Prometheus that is away. */
export function startHepar(folder: string, setup: HeparSetup = {}): Promise<Server> {
  const { playbooks = { ill: playbookText }, config, main = join(root, 'src/main.ts'), readyWithinMs } = setup
  const argsFor = (port: number) => {
    mkdirSync(join(folder, 'rules'), { recursive: true })
    for (const [name, text] of Object.entries(playbooks)) writeFileSync(join(folder, 'rules', `${name}.yaml`), text)
    const file = join(folder, 'hepar.yaml')
    writeFileSync(file, JSON.stringify({ listen: `127.0.0.1:${port}`, ...defaults, ...config }))
    return [main, 'serve', '--config', file]
  }
  return start('hepar', folder, argsFor, '/webhook/alertmanager', readyWithinMs)
}

const defaults = {
  mode: 'auto',
  sources: [{ name: 'main', prometheus: 'http://127.0.0.1:1' }],
  docker: { exporter: { enabled: false } },
  rules: './rules',
  watch: false,
}

async function start(
  name: string,
  folder: string,
  argsFor: (port: number) => readonly string[],
  webhook: string,
  readyWithinMs = 60_000,
): Promise<Server> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = argsFor(port)
  const begunAt = performance.now()
  const started = await startProcess({
    name,
    command: process.execPath,
    args,
    folder,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    ready: async () => (await fetch(`${url}/readyz`)).ok,
    readyWithinMs,
    everyMs: 10,
  })
  return {
    url,
    webhook: `${url}${webhook}`,
    pid: started.pid,
    folder,
    readyMs: performance.now() - begunAt,
    [Symbol.asyncDispose]: async () => void (await started.stop(60_000)),
  }
}
