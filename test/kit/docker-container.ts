import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { DockerApi } from './docker-api.ts'
import { testImage } from './docker-image.ts'

/** What a test container is like. */
export interface ContainerWish {
  /** Unique by default. */
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Shell run at every start, before `afterwards`; what it prints are the container's log lines. */
  readonly onStart?: string
  /** What PID 1 does then: `wait` ends with 0 at SIGTERM, `ignore` must be killed, a number exits with that code. */
  readonly afterwards?: 'wait' | 'ignore' | number
  /** A health check on a file: a restart brings it back (`heals`), or does not (`stays_ill`). None by default. */
  readonly health?: 'heals' | 'stays_ill'
  /** How often the health is checked. */
  readonly intervalMs?: number
  /** Created, but not started. */
  readonly created?: boolean
  /** Further fields of the create call. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly hostConfig?: Readonly<Record<string, unknown>>
  readonly networks?: Readonly<Record<string, { readonly Aliases?: readonly string[] }>>
}

/** The part of `inspect` that tests look at. */
export interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly Created: string
  readonly RestartCount: number
  readonly State: {
    readonly Status: string
    readonly Running: boolean
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly StartedAt: string
    readonly FinishedAt: string
    readonly Health?: { readonly Status: string }
  }
}

export interface TestContainer {
  readonly id: string
  readonly name: string
  inspect(): Promise<Inspected>
  /** Waits until `inspect` satisfies the condition; `what` says what is waited for. */
  until(what: string, condition: (seen: Inspected) => boolean, deadlineMs?: number): Promise<Inspected>
  /** Runs a command inside; throws when it fails. */
  exec(...command: string[]): Promise<void>
  /** Takes the file of the health check away, and waits until the engine says `unhealthy`. */
  makeIll(): Promise<void>
  /** Puts it back, and waits until the engine says `healthy`. */
  makeWell(): Promise<void>
  /** `start`, `stop?t=0`, `restart?t=0`, `kill`, `pause`, `unpause`, `rename?name=…` */
  post(verb: string): Promise<void>
  remove(): Promise<void>
}

const healthFile = '/healthy'

/** Creates a container from the test image and starts it. */
export async function runContainer(api: DockerApi, wish: ContainerWish = {}): Promise<TestContainer> {
  const name = wish.name ?? uniqueName()
  const created = await api.call('POST', `/containers/create?name=${encodeURIComponent(name)}`, {
    Image: testImage,
    Cmd: ['/bin/sh', '-c', script(wish)],
    Labels: wish.labels ?? {},
    Healthcheck: wish.health === undefined ? { Test: ['NONE'] } : healthCheck(wish.intervalMs ?? 300),
    HostConfig: { NetworkMode: 'none', ...wish.hostConfig },
    ...(wish.networks === undefined ? {} : { NetworkingConfig: { EndpointsConfig: wish.networks } }),
    ...wish.config,
  })
  const container = handle(api, (created.json as { Id: string }).Id, name)
  if (wish.created !== true) await container.post('start')
  return container
}

export function uniqueName(prefix = 'hepar-test'): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

function handle(api: DockerApi, id: string, name: string): TestContainer {
  const inspect = async () => (await api.call('GET', `/containers/${id}/json`)).json as Inspected
  const until: TestContainer['until'] = async (what, condition, deadlineMs = 30_000) => {
    const giveUpAt = Date.now() + deadlineMs
    for (;;) {
      const seen = await inspect()
      if (condition(seen)) return seen
      if (Date.now() > giveUpAt) throw new Error(`${name} is not ${what}: ${JSON.stringify(seen.State)}`)
      await pause(50)
    }
  }
  const exec = (...command: string[]) => execInside(api, id, command)
  return {
    id,
    name,
    inspect,
    until,
    exec,
    async makeIll() {
      await exec('rm', '-f', healthFile)
      await until('unhealthy', (seen) => seen.State.Health?.Status === 'unhealthy')
    },
    async makeWell() {
      await exec('touch', healthFile)
      await until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
    },
    post: async (verb) => void (await api.call('POST', `/containers/${id}/${verb}`)),
    remove: async () =>
      void (await api.call('DELETE', `/containers/${id}?force=1&v=1`, undefined, { accept: [404, 409] })),
  }
}

async function execInside(api: DockerApi, id: string, command: readonly string[]): Promise<void> {
  const wish = { Cmd: command, AttachStdout: true, AttachStderr: true }
  const made = (await api.call('POST', `/containers/${id}/exec`, wish)).json as { Id: string }
  const { text } = await api.call('POST', `/exec/${made.Id}/start`, { Detach: false, Tty: false })
  const ended = (await api.call('GET', `/exec/${made.Id}/json`)).json as { ExitCode: number }
  if (ended.ExitCode !== 0) throw new Error(`${command.join(' ')} failed with ${ended.ExitCode}: ${text}`)
}

function healthCheck(intervalMs: number) {
  const nanoseconds = intervalMs * 1_000_000
  return { Test: ['CMD', 'test', '-f', healthFile], Interval: nanoseconds, Timeout: 10_000_000_000, Retries: 1 }
}

function script({ health, onStart = '', afterwards = 'wait' }: ContainerWish): string {
  const lines = [onStart]
  if (health === 'heals') lines.unshift(`touch ${healthFile}`)
  if (health === 'stays_ill') lines.unshift(`[ -e /started ] || touch ${healthFile}`, 'touch /started')
  if (typeof afterwards === 'number') lines.push(`exit ${afterwards}`)
  else
    lines.push(
      afterwards === 'ignore' ? "trap '' TERM" : "trap 'exit 0' TERM",
      'while :; do sleep 3600 & wait $!; done',
    )
  return lines.filter((line) => line !== '').join('\n')
}
