import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { DemoFailure } from '../failure.ts'
import { type Program, startProgram } from '../program.ts'
import { type Scene, until } from '../scene.ts'

/** An address on this machine, chosen before anything listens there: the three name each other. */
export interface Place {
  readonly host: string
  readonly url: string
}

// Below the kernel's ephemeral range, so that no outgoing connection takes the port meanwhile.
const [lowestPort, highestPort] = [15_000, 31_999] as const

export async function freePlace(): Promise<Place> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort + 1))
    const host = `127.0.0.1:${port}`
    if (await isFree(port)) return { host, url: `http://${host}` }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

interface Wiring {
  readonly at: Place
  readonly hepar: Place
  /** File with the token that Hepar wants from it. */
  readonly tokenFile: string
}

/** A real Alertmanager that sends everything to Hepar, at once. */
export function startAlertmanager(command: string, { at, hepar, tokenFile }: Wiring, scene: Scene): Promise<void> {
  const folder = folderFor('alertmanager', scene)
  const webhook = { url: `${hepar.url}/webhook/alertmanager`, send_resolved: true, http_config: signIn(tokenFile) }
  const route = { receiver: 'hepar', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' }
  const receivers = [{ name: 'hepar', webhook_configs: [webhook] }]
  writeFileSync(join(folder, 'alertmanager.yml'), stringify({ route, receivers }))
  const args = [
    `--config.file=${join(folder, 'alertmanager.yml')}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${at.host}`,
    '--cluster.listen-address=',
  ]
  return ready(startProgram({ name: 'alertmanager', command, args, folder }), at, scene)
}

/** A real Prometheus that scrapes Hepar every second. `rules` is the text of its rule file. */
export function startPrometheus(
  command: string,
  { at, hepar, tokenFile, alertmanager, rules }: Wiring & { readonly alertmanager: Place; readonly rules: string },
  scene: Scene,
): Promise<void> {
  const folder = folderFor('prometheus', scene)
  const targets = (place: Place) => [{ targets: [place.host] }]
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    alerting: { alertmanagers: [{ static_configs: targets(alertmanager) }] },
    scrape_configs: [{ job_name: 'hepar', static_configs: targets(hepar), ...signIn(tokenFile) }],
  }
  writeFileSync(join(folder, 'prometheus.yml'), stringify(configuration))
  writeFileSync(join(folder, 'rules.yml'), rules)
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${at.host}`,
  ]
  return ready(startProgram({ name: 'prometheus', command, args, folder }), at, scene)
}

function folderFor(name: string, scene: Scene): string {
  const folder = join(scene.folder, name)
  mkdirSync(folder)
  return folder
}

function signIn(tokenFile: string) {
  return { authorization: { credentials_file: tokenFile } }
}

async function ready(program: Program, at: Place, scene: Scene): Promise<void> {
  scene.closing.defer(async () => void (await program.stop(5_000)))
  await until(scene, `${program.logFile} says ready`, async () => {
    if (!program.running()) throw new DemoFailure(`it ended before it was ready:\n${program.lastWords()}`)
    return (await fetch(`${at.url}/-/ready`, { signal: scene.signal })).ok
  })
}
