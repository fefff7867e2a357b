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
}

/** A bare Express route in a process of its own. */
export function startBare(folder: string): Promise<Server> {
  return start('bare', folder, (port) => [join(root, 'bench/bare.ts'), String(port)])
}

/** Hepar as a user starts it, on an empty data folder, with one playbook and no neighbours but a Prometheus that is away. */
export function startHepar(
  folder: string,
  playbooks: Readonly<Record<string, string>> = { ill: playbookText },
  more: Readonly<Record<string, unknown>> = {},
) {
  return start('hepar', folder, (port) => {
    mkdirSync(join(folder, 'rules'), { recursive: true })
    for (const [name, text] of Object.entries(playbooks)) writeFileSync(join(folder, 'rules', `${name}.yaml`), text)
    const config = {
      listen: `127.0.0.1:${port}`,
      mode: 'auto',
      sources: [{ name: 'main', prometheus: 'http://127.0.0.1:1' }],
      docker: { exporter: { enabled: false } },
      rules: join(folder, 'rules'),
      watch: false,
      ...more,
    }
    const file = join(folder, 'hepar.yaml')
    writeFileSync(file, JSON.stringify(config))
    return [join(root, 'src/main.ts'), 'serve', '--config', file]
  })
}

async function start(name: string, folder: string, argsFor: (port: number) => readonly string[]): Promise<Server> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const started = await startProcess({
    name,
    command: process.execPath,
    args: argsFor(port),
    folder,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    ready: async () => (await fetch(`${url}/readyz`)).ok,
    readyWithinMs: 60_000,
  })
  return {
    url,
    webhook: `${url}/webhook/alertmanager`,
    pid: started.pid,
    folder,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  }
}
