import { afterAll, beforeAll, expect, test } from 'vitest'
import { optedIn } from '../kit/container-action.ts'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import type { TestContainer } from '../kit/docker-container.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const stack = new AsyncDisposableStack()
let docker: TestDocker
let redis: TestRedis
let container: TestContainer
let hepar: Hepar

const playbook = (alertname: string, target: string, step: string, probe: string) => `version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: ${alertname} }] }
target: ${target}
steps: [{ ${step}, timeout: 30s }]
verify: [{ http: { url: "${probe}" } }]
for: 0s
within: 60s
limits: { cooldown: 0s, attempts: [50/1h], maxWait: 5m }
reopenWithin: 0s
`

const redisDown = () => writtenAlert({ alertname: 'RedisDown', redis: 'cache' })
const containerIll = () => writtenAlert({ alertname: 'ContainerUnhealthy', name: container.name })

beforeAll(async () => {
  docker = await startDocker()
  stack.defer(() => docker.close())
  redis = stack.use(await startRedis({ stopped: true }))
  const folder = stack.use(await tempFolder('touches'))
  const probe = stack.use(await startSink())
  // The machine's own redis-server in a container, on the machine's network.
  const here = ['/usr', '/lib', '/lib64', redis.folder]
  const Binds = here.map((path) => `${path}:${path}${path === redis.folder ? '' : ':ro'}`)
  container = await docker.runContainer({
    labels: optedIn,
    config: { Cmd: [...redis.argv] },
    hostConfig: { NetworkMode: 'host', Binds },
  })
  await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'the Redis answers in its container' })
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      holdable: true,
      rules: {
        'redis.yaml': playbook(
          'RedisDown',
          'redis/{{ labels.redis }}',
          'action: redis-restart, with: { answer: 500ms, grace: 1s }',
          probe.url,
        ),
        'container.yaml': playbook(
          'ContainerUnhealthy',
          'container/local/{{ labels.name }}',
          'action: container-restart, with: { grace: 1s, minUptime: 0s }',
          probe.url,
        ),
      },
      config: {
        docker: { exporter: { enabled: false }, hosts: { local: { socket: docker.socket } } },
        redis: {
          cache: {
            url: `redis://127.0.0.1:${redis.port}`,
            role: 'standalone',
            restart: { container: `local/${container.name}` },
          },
        },
        limits: { probeEvery: '200ms', reconcileEvery: '2s' },
      },
    }),
  )
}, 120_000)

afterAll(() => stack.disposeAsync())

const fire = async (alert: ReturnType<typeof writtenAlert>) => {
  expect(await hepar.post(writtenDelivery([alert]))).toMatchObject({ status: 200 })
}

const isOpen = ({ state }: { readonly state: string }) => state !== 'closed'

/** What holds the open incident of a playbook up, in Hepar's words. */
async function heldUp(name: string): Promise<string> {
  const incident = (await hepar.incidents()).find((one) => one.playbook === name && isOpen(one))
  if (incident === undefined) return 'no such incident'
  const { whyNot } = (await hepar.incident(incident.id)) as { whyNot: { gate: string; reason: string } | null }
  return whyNot === null ? 'nothing' : `${whyNot.gate}: ${whyNot.reason}`
}

test.each([
  { first: 'redis', next: 'container', alerts: () => [redisDown(), containerIll()] as const },
  { first: 'container', next: 'redis', alerts: () => [containerIll(), redisDown()] as const },
])(
  'while $first is restarted, $next waits, for they are one process',
  async ({ first, next, alerts }) => {
    const [one, other] = alerts()
    const witness = await docker.witness()
    redis.signal('SIGSTOP')
    hepar.hold('effect:after')
    await fire(one)
    await hepar.reached('effect:after')
    await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers again' })
    // It hangs anew, so that only the attempt under way keeps anybody from restarting it.
    redis.signal('SIGSTOP')
    await fire(other)
    const waits = async () => {
      expect(await heldUp(next)).toMatch(/^target_lock: .* what is to be touched/)
      return true
    }
    await waitFor(waits, { what: `${next} waits for ${first}`, deadlineMs: 60_000 })
    await fire({ ...other, status: 'resolved', endsAt: new Date().toISOString() })
    await hepar.until(`${next} has nothing to do`, (all) => !all.some((it) => it.playbook === next && isOpen(it)))
    redis.signal('SIGCONT')
    hepar.release('effect:after')
    const closed = await hepar.until(`${first} closed`, (all) => !all.some(isOpen))
    expect(closed.find(({ playbook: name }) => name === first)).toMatchObject({ ending: 'healed' })
    expect(await redis.cli('PING')).toBe('PONG')
    await fire({ ...one, status: 'resolved', endsAt: new Date().toISOString() })
    await witness.settle()
    expect(witness.count(container.id, 'restart')).toBe(1)
  },
  180_000,
)
