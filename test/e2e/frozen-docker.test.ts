import { afterAll, beforeAll, expect, test } from 'vitest'
import { onEngine, type TestContainer, type TestDocker } from '../kit/docker.ts'
import { type DockerEngine, startDockerEngine } from '../kit/docker-engine.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const playbook = `
version: 1
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }
target: container/local/{{ labels.name }}
steps:
  - { action: container-restart, with: { grace: 1s, minUptime: 0s }, timeout: 30s }
verify: []
for: 500ms
within: 20s
limits: { cooldown: 0s, attempts: [50/1h], maxWait: 5m }
`

const stack = new AsyncDisposableStack()
let engine: DockerEngine
let docker: TestDocker
let witness: DockerWitness
let hepar: Hepar

beforeAll(async () => {
  engine = await startDockerEngine()
  stack.defer(() => engine.close())
  docker = onEngine(engine.api)
  witness = await docker.witness()
  stack.defer(() => witness.close())
  const folder = stack.use(await tempFolder('frozen-docker'))
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      holdable: true,
      rules: { 'container-unhealthy.yaml': playbook },
      config: {
        docker: {
          hosts: { local: { socket: engine.socket } },
          allow: ['local/hepar-test-*'],
          exporter: { enabled: false },
        },
        limits: { probeEvery: '200ms', reconcileEvery: '1s', planTimeout: '1s', episodeGap: '0s' },
      },
    }),
  )
}, 120_000)
afterAll(() => stack.disposeAsync())

async function illContainer(): Promise<TestContainer> {
  const container = await docker.runContainer({ health: 'heals' })
  await container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  return container
}

async function deliver({ name }: TestContainer): Promise<void> {
  const labels = { alertname: 'ContainerUnhealthy', name }
  const alert = { status: 'firing', labels, startsAt: new Date().toISOString(), fingerprint: name.slice(-8) }
  const body = { version: '4', status: 'firing', receiver: 'hepar', groupKey: name, alerts: [alert] }
  expect(await hepar.post(body)).toMatchObject({ status: 200 })
}

async function incidentOf({ name }: TestContainer): Promise<IncidentView | undefined> {
  return (await hepar.incidents()).find(({ target }) => target === `container/local/${name}`)
}

async function healed(container: TestContainer): Promise<void> {
  await waitFor(async () => (await incidentOf(container))?.state === 'closed', {
    what: `${container.name} closed`,
    deadlineMs: 60_000,
  })
  await witness.settle()
  expect(await incidentOf(container)).toMatchObject({ ending: 'healed' })
  expect(witness.count(container.id, 'restart')).toBe(1)
}

test('an engine that hangs restarts once what it was asked for, and of what falls ill meanwhile Hepar says why it waits', async () => {
  const [asked, meanwhile] = await Promise.all([illContainer(), illContainer()])
  hepar.hold('effect:before')
  await deliver(asked)
  await hepar.reached('effect:before')
  engine.freeze()
  try {
    hepar.release('effect:before')
    await deliver(meanwhile)
    const whyNot = async () => {
      const incident = await incidentOf(meanwhile)
      return incident && (await hepar.incident(incident.id)).whyNot
    }
    expect(await waitFor(whyNot, { what: 'the reason' })).toMatchObject({ gate: 'target' })
    const begun = (await hepar.events()).filter(({ type }) => type === 'attempt.intended')
    expect(begun.map(({ target }) => target)).toEqual([`container/local/${asked.name}`])
  } finally {
    engine.thaw()
  }
  await healed(asked)
  await healed(meanwhile)
}, 120_000)
