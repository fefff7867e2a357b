import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDocker, type TestContainer, type TestDocker } from '../kit/docker.ts'
import type { ContainerWish } from '../kit/docker-container.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const playbook = `
version: 1
summary: Restart a container, proven by the action's own look at it
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }
target: container/local/{{ labels.name }}
steps:
  - { action: container-restart, with: { grace: 3s }, timeout: 30s }
  - escalate: oncall
verify: []
for: 1s
within: 6s
limits: { cooldown: 0s, attempts: [50/1h], maxWait: 5m }
`

let stack: AsyncDisposableStack
let docker: TestDocker
let witness: DockerWitness
let oncall: Sink
let hepar: Hepar

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  docker = await startDocker()
  stack.defer(() => docker.close())
  witness = await docker.witness()
  const folder = stack.use(await tempFolder('crash-docker'))
  oncall = stack.use(await startSink())
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      holdable: true,
      rules: { 'container-unhealthy.yaml': playbook },
      config: {
        docker: {
          hosts: { local: { socket: docker.socket } },
          allow: ['local/hepar-test-*'],
          exporter: { enabled: false },
        },
        notify: { oncall: { url: oncall.url } },
        limits: { probeEvery: '300ms', episodeGap: '0s' },
      },
    }),
  )
}, 120_000)

afterAll(() => stack.disposeAsync())

async function illContainer(wish: ContainerWish): Promise<TestContainer> {
  const container = await docker.runContainer({ health: 'heals', ...wish })
  await container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  return container
}

function deliver({ name }: TestContainer) {
  const labels = { alertname: 'ContainerUnhealthy', name }
  const alert = { status: 'firing', labels, startsAt: new Date().toISOString(), fingerprint: name.slice(-8) }
  return hepar.post({ version: '4', status: 'firing', receiver: 'hepar', groupKey: name, alerts: [alert] })
}

async function killHeldAt(point: string): Promise<void> {
  await hepar.reached(point)
  await hepar.kill()
  hepar.release(point)
  await hepar.start()
}

/** The incident once Hepar is done with it, with how the effect ended as far as Hepar knows. */
async function restOf({ name }: TestContainer): Promise<{ incident: IncidentView; effects: readonly unknown[] }> {
  const target = `container/local/${name}`
  const seen = await hepar.until('at rest', (incidents) =>
    incidents.some((one) => one.target === target && (one.state === 'closed' || one.state === 'handed_over')),
  )
  const incident = seen.find((one) => one.target === target)!
  const ended = (await hepar.events(incident.id)).filter(({ type }) => type === 'attempt.effect_ended')
  await witness.settle()
  return { incident, effects: ended.map(({ body }) => body.effect) }
}

test('killed before the restart: the container is not restarted, and a human gets it', async () => {
  const container = await illContainer({})
  hepar.hold('effect:before')
  await deliver(container)
  await killHeldAt('effect:before')
  const { incident, effects } = await restOf(container)
  expect(incident.state).toBe('handed_over')
  expect(effects).toEqual(['unknown'])
  expect(witness.count(container.id, 'restart')).toBe(0)
  expect(witness.count(container.id, 'kill')).toBe(0)
  await waitFor(() => oncall.requests.some(({ body }) => body.includes(incident.id)), { what: 'the message' })
}, 180_000)

test('killed while the engine stops the container: it restarts once, and whatever Hepar says of it is true', async () => {
  const container = await illContainer({ afterwards: 'ignore' })
  await deliver(container)
  await waitFor(() => witness.count(container.id, 'kill') > 0, {
    what: 'the SIGTERM of the engine',
    deadlineMs: 60_000,
  })
  expect(witness.count(container.id, 'restart')).toBe(0)
  await hepar.kill()
  await hepar.start()
  const { incident, effects } = await restOf(container)
  expect(effects).toEqual(['unknown'])
  const { State } = await container.inspect()
  if (incident.ending === 'healed') expect(State.Health?.Status).toBe('healthy')
  else expect(incident.state).toBe('handed_over')
  expect(witness.count(container.id, 'restart')).toBe(1)
}, 180_000)

test('killed after the restart, before its result is recorded: restarted once, unknown, and proven healed', async () => {
  const container = await illContainer({})
  hepar.hold('effect:after')
  await deliver(container)
  await killHeldAt('effect:after')
  const { incident, effects } = await restOf(container)
  expect(effects).toEqual(['unknown'])
  expect(incident).toMatchObject({ state: 'closed', ending: 'healed' })
  expect((await container.inspect()).State.Health?.Status).toBe('healthy')
  expect(witness.count(container.id, 'restart')).toBe(1)
}, 180_000)

test('killed after a restart that did not help: restarted once, never called healed, and a human gets it', async () => {
  const container = await illContainer({ health: 'stays_ill' })
  hepar.hold('effect:after')
  await deliver(container)
  await killHeldAt('effect:after')
  const { incident, effects } = await restOf(container)
  expect(effects).toEqual(['unknown'])
  expect(incident.state).toBe('handed_over')
  expect(witness.count(container.id, 'restart')).toBe(1)
}, 180_000)

test('the log of all this verifies', async () => {
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
}, 60_000)
