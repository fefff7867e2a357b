import { mkdtempSync, rmdirSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { ActionPlan, Refusal } from '../../src/sdk/index.ts'
import { type ContainerWish, onEngine, startDocker, type TestContainer, type TestDocker } from '../kit/docker.ts'
import { uniqueName } from '../kit/docker-container.ts'
import { startDockerEngine } from '../kit/docker-engine.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'

let docker: TestDocker
let witness: DockerWitness

beforeAll(async () => {
  docker = await startDocker()
  witness = await docker.witness()
})
afterAll(() => docker.close())

const optedIn = { 'hepar.enable': 'true' }
const never = new AbortController().signal

function settings(change: JsonObject = {}): JsonObject {
  const connection = { socketPath: docker.socket }
  return {
    host: 'local',
    docker: connection,
    allow: [],
    protect: [],
    lifelines: [],
    self: { containerIds: [] },
    ...change,
  }
}

function targetOf(name: string) {
  return { kind: 'container', place: 'local', name, text: `container/local/${name}` }
}

function plan(name: string, change?: JsonObject, params: unknown = {}) {
  const context = { settings: settings(change), signal: never, now: Date.now() }
  return restart.plan(targetOf(name), restart.params.parse(params), context)
}

async function planned(name: string, params: unknown = {}, change?: JsonObject) {
  const made = await plan(name, change, params)
  if ('refused' in made) throw new Error(`refused: ${made.refused}`)
  // As a plan comes back from the store.
  const stored = JSON.parse(JSON.stringify(made)) as ActionPlan
  return { ...stored, target: targetOf(name), params: restart.params.parse(params) }
}

async function refused(name: string, change?: JsonObject): Promise<Refusal> {
  const made = await plan(name, change)
  if (!('refused' in made)) throw new Error(`planned: ${made.summary}`)
  return made
}

type Planned = Awaited<ReturnType<typeof planned>>

function run(made: Planned, { signal = never, timeoutMs = 60_000, change = {} as JsonObject } = {}) {
  const now = Date.now()
  const context = { settings: settings(change), signal, now, idempotencyKey: 'k', deadlineAt: now + timeoutMs }
  return restart.run(made, context)
}

function verify(made: Planned, intendedAt: number, effectEndedAt = Date.now(), change: JsonObject = {}) {
  const context = { settings: settings(change), signal: never, now: Date.now(), intendedAt, effectEndedAt }
  return restart.verify!(made, context)
}

async function effects(container: TestContainer): Promise<readonly string[]> {
  await witness.settle()
  return witness.events(container.id).map(({ action }) => action)
}

const start = (wish: ContainerWish = {}) => docker.runContainer({ labels: optedIn, ...wish })

const healthy = (container: TestContainer) =>
  container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')

describe('a plan', () => {
  test('names the one container by its full id, says what would happen, and touches nothing', async () => {
    const container = await start({ health: 'heals' })
    await healthy(container)
    await container.makeIll()
    const made = await planned(container.name)
    const inspected = await container.inspect()
    expect(made.pin).toMatchObject({ id: container.id, created: inspected.Created })
    expect(made.data).toEqual({ startedAt: inspected.State.StartedAt })
    expect(made.summary).toBe(
      `Restart container ${container.name} on local (${container.id.slice(0, 12)}, running, unhealthy) with 10s of grace`,
    )
    expect((await effects(container)).filter((action) => !action.startsWith('health_status'))).toEqual([
      'create',
      'start',
    ])
  })

  test('gathers state, exit code, health and the last log lines', async () => {
    const onStart = 'i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done'
    const container = await start({ onStart, health: 'heals' })
    await healthy(container)
    const { evidence } = await planned(container.name, { minUptime: '0s' })
    expect(evidence).toMatchObject({ state: 'running', exitCode: 0, outOfMemory: false, restartCount: 0 })
    expect(evidence).toMatchObject({ health: 'healthy', healthCheck: { exitCode: 0 }, image: 'hepar-test/busybox' })
    expect(evidence?.logs).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 10}`))
  })

  test('shows what the container wrote to either stream, without its power over a terminal, and cut to size', async () => {
    const lines = [
      "printf 'to \\033[31mstderr\\033[0m\\a \\342\\200\\256x\\n' >&2",
      "head -c 50000 /dev/zero | tr '\\0' a",
    ]
    const container = await start({ onStart: lines.join('\n') })
    const logs = async () => ((await planned(container.name)).evidence?.logs ?? []) as string[]
    await expect.poll(logs).toContain('to stderr x')
    await expect.poll(logs).toContain(`${'a'.repeat(399)}…`)
  })

  test('reads the log of a container with a terminal, even when it is JSON', async () => {
    const container = await start({ onStart: `echo '{"level":"fatal"}'`, config: { Tty: true } })
    await expect.poll(async () => (await planned(container.name)).evidence?.logs).toEqual(['{"level":"fatal"}'])
  })

  test('does without the log where the engine keeps none', async () => {
    const container = await start({ hostConfig: { LogConfig: { Type: 'none' } } })
    const { evidence } = await planned(container.name)
    expect(evidence?.logs).toEqual([])
    expect(evidence?.logsMissing).toMatch(/log/i)
  })

  test('of an exited container says that it would be started, and how it ended', async () => {
    const container = await start({ afterwards: 3 })
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    const made = await planned(container.name)
    expect(made.summary).toBe(
      `Start container ${container.name} on local (${container.id.slice(0, 12)}), which exited with code 3`,
    )
  })

  test('tells that the kernel killed it for want of memory', async () => {
    const memory = { Memory: 8 * 1024 * 1024, MemorySwap: 8 * 1024 * 1024 }
    const container = await start({ onStart: 'exec tail /dev/zero', hostConfig: memory })
    await container.until('out of memory', (seen) => seen.State.Status === 'exited' && seen.State.OOMKilled)
    const made = await planned(container.name)
    expect(made.evidence).toMatchObject({ outOfMemory: true, exitCode: 137 })
    expect(made.summary).toMatch(/exited with code 137, out of memory$/)
  })

  test('does not take a name for the beginning of an id, nor for a part of another name', async () => {
    const container = await start()
    expect(await refused(container.id.slice(0, 12))).toMatchObject({ final: false })
    expect((await refused(container.id)).refused).toMatch(/has no container named/)
    expect((await refused(container.name.slice(0, -1))).refused).toMatch(/has no container named/)
    const namesake = await start({ name: container.id.slice(0, 10) })
    expect((await planned(namesake.name)).pin).toMatchObject({ id: namesake.id })
  })

  test('needs the exact host it has settings for', async () => {
    const container = await start()
    await expect(plan(container.name, { host: 'elsewhere' })).rejects.toThrow(/settings of host "elsewhere"/)
  })

  test('is refused where a part of the settings is missing', async () => {
    const container = await start()
    const { protect: _, ...rest } = settings() as Record<string, JsonObject[string]>
    const context = { settings: rest, signal: never, now: Date.now() }
    await expect(restart.plan(targetOf(container.name), { grace: 0, minUptime: 0 }, context)).rejects.toThrow(/protect/)
  })
})

describe('permission', () => {
  test('is by label or by allow-list, and absent otherwise', async () => {
    const plain = await start({ labels: {} })
    expect(await refused(plain.name)).toMatchObject({ final: true, refused: expect.stringMatching(/not opted in/) })
    await refused(plain.name, { allow: ['other/*', 'local/x*'] })
    expect((await planned(plain.name, {}, { allow: [`local/${plain.name}`] })).pin).toMatchObject({ id: plain.id })
    expect((await planned(plain.name, {}, { allow: ['local/hepar-test-*'] })).pin).toMatchObject({ id: plain.id })
  })

  test('is taken back by hepar.enable=false and by docker.protect, whatever else is said', async () => {
    const off = await start({ labels: { 'hepar.enable': 'false' } })
    expect((await refused(off.name, { allow: ['*'] })).refused).toMatch(/hepar.enable is "false"/)
    const odd = await start({ labels: { 'hepar.enable': 'True' } })
    expect((await refused(odd.name, { allow: ['*'] })).final).toBe(true)
    const on = await start()
    expect((await refused(on.name, { allow: ['*'], protect: ['local/hepar-*'] })).refused).toMatch(/docker.protect/)
  })

  test('the log of a container that never opted in is not read', async () => {
    const plain = await start({ labels: {}, onStart: 'echo private' })
    expect(JSON.stringify(await refused(plain.name))).not.toMatch(/logs|private/)
  })

  test.each([
    ['Docker Swarm', { 'com.docker.swarm.service.name': 'web' }],
    ['Kubernetes', { 'io.kubernetes.pod.name': 'web' }],
    ['Nomad', { 'com.hashicorp.nomad.alloc_id': 'x' }],
  ])('is refused for what %s manages', async (manager, labels) => {
    const container = await start({ labels: { ...optedIn, ...labels } })
    const refusal = await refused(container.name)
    expect(refusal.refused).toContain(`${manager} manages it`)
    expect(refusal.final).toBe(true)
  })

  test('is refused for a name only Kubernetes gives', async () => {
    const container = await start({ name: uniqueName('k8s_web') })
    expect((await refused(container.name)).refused).toContain('Kubernetes manages it')
  })

  test('is refused where a stop would remove the container', async () => {
    const container = await start({ hostConfig: { AutoRemove: true } })
    expect(await refused(container.name)).toMatchObject({ final: true, refused: expect.stringMatching(/--rm/) })
  })

  test('is refused for the container in which Hepar runs, known by its full or its short id', async () => {
    const container = await start()
    for (const id of [container.id, container.id.slice(0, 12)]) {
      const refusal = await refused(container.name, { self: { containerIds: ['f'.repeat(64), id] } })
      expect(refusal).toMatchObject({ final: true, refused: expect.stringMatching(/Hepar itself runs in it/) })
    }
    await planned(container.name, {}, { self: { containerIds: [''] } })
  })
})

describe('a lifeline', () => {
  const lifeline = (host: string, port: number) => ({ lifelines: [{ host, port, what: 'Prometheus of source main' }] })

  test('is what publishes the port of Hepar’s Prometheus on this host, by whatever name the host is called', async () => {
    const bindings = { '9090/tcp': [{ HostIp: '127.0.0.1', HostPort: '19090' }] }
    const container = await start({ hostConfig: { PortBindings: bindings } })
    for (const host of ['localhost', '127.0.0.1', '0.0.0.0', hostname()]) {
      const refusal = await refused(container.name, lifeline(host, 19_090))
      expect(refusal).toMatchObject({ final: true, refused: expect.stringMatching(/Prometheus of source main/) })
    }
    await planned(container.name, {}, lifeline('localhost', 9090))
    await planned(container.name, {}, lifeline('192.0.2.7', 19_090))
  })

  test('is held back, not refused, while its host’s name cannot be resolved', async () => {
    const container = await start({
      hostConfig: { PortBindings: { '1/tcp': [{ HostPort: '19000-19099' }] } },
      created: true,
    })
    expect(await refused(container.name, lifeline('nowhere.invalid', 19_090))).toMatchObject({ final: false })
  })

  test('is what has the port on the network of the host itself', async () => {
    const container = await start({ hostConfig: { NetworkMode: 'host' }, config: { ExposedPorts: { '9090/tcp': {} } } })
    expect((await refused(container.name, lifeline('localhost', 9090))).final).toBe(true)
    await planned(container.name, {}, lifeline('localhost', 9093))
  })

  test('is what answers to its name, or to an alias of it on a network', async () => {
    const network = uniqueName()
    await docker.api.call('POST', '/networks/create', { Name: network })
    try {
      const alias = uniqueName('prometheus')
      const container = await start({
        hostConfig: { NetworkMode: network },
        networks: { [network]: { Aliases: [alias] } },
      })
      for (const host of [container.name, alias, alias.toUpperCase(), `${alias}.${network}`]) {
        expect((await refused(container.name, lifeline(host, 1))).final).toBe(true)
      }
      await planned(container.name, {}, lifeline(`${alias}x`, 1))
      await container.remove()
    } finally {
      await docker.api.call('DELETE', `/networks/${network}`)
    }
  })
})

describe('a container that is not in a state to be restarted is left for later', () => {
  test('restarting', async () => {
    const container = await start({ afterwards: 1, hostConfig: { RestartPolicy: { Name: 'always' } } })
    // The engine waits longer after each crash, so that the state lasts.
    await container.until('crashing', (seen) => seen.RestartCount >= 4 && seen.State.Status === 'restarting')
    const refusal = await refused(container.name)
    expect(refusal).toMatchObject({ final: false, refused: expect.stringMatching(/already restarting/) })
    expect(refusal.evidence).toMatchObject({ exitCode: 1, logs: [] })
  })

  test('starting', async () => {
    const container = await start({ health: 'heals', intervalMs: 600_000 })
    expect(await refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/already starting/),
    })
  })

  test('paused', async () => {
    const container = await start()
    await container.post('pause')
    expect(await refused(container.name)).toMatchObject({ final: false, refused: expect.stringMatching(/paused/) })
    await container.post('unpause')
    await planned(container.name)
  })

  test('healthy and started a moment ago, for the alert may be about what ran before', async () => {
    const container = await start({ health: 'heals' })
    await healthy(container)
    expect(await refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/healthy and was started only \d+s ago/),
    })
    expect(await plan(container.name, {}, { minUptime: '0s' })).toMatchObject({ pin: { id: container.id } })
    await container.makeIll()
    expect(await plan(container.name)).toMatchObject({ pin: { id: container.id } })
  })

  test('never started', async () => {
    const container = await start({ created: true })
    expect(await refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/never been started/),
    })
  })
})

describe('a run', () => {
  test('restarts the planned container once, and verification proves it', async () => {
    const container = await start({ health: 'heals' })
    await healthy(container)
    await container.makeIll()
    const made = await planned(container.name)
    const intendedAt = Date.now()
    expect(await verify(made, intendedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/not been started/),
    })
    expect(await run(made)).toEqual({ id: container.id, graceSeconds: 10 })
    const effectEndedAt = Date.now()
    await healthy(container)
    expect(await verify(made, intendedAt, effectEndedAt)).toMatchObject({ passed: true })
    const seen = await effects(container)
    expect(seen.filter((action) => action === 'restart')).toHaveLength(1)
    expect(seen.filter((action) => action === 'start')).toHaveLength(2)
  })

  test('gives the grace that was asked for, rounded up to whole seconds, then kills', async () => {
    const container = await start({ afterwards: 'ignore' })
    const made = await planned(container.name, { grace: '200ms' })
    const before = Date.now()
    expect(await run(made)).toMatchObject({ graceSeconds: 1 })
    const tookMs = Date.now() - before
    expect(tookMs).toBeGreaterThan(900)
    // Left to itself the engine would wait ten seconds.
    expect(tookMs).toBeLessThan(8_000)
    expect((await effects(container)).filter((action) => action === 'kill')).toHaveLength(2)
  })

  test('starts what has exited', async () => {
    const container = await start({ onStart: '[ -e /once ] || { touch /once; exit 7; }' })
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    const made = await planned(container.name)
    const intendedAt = Date.now()
    await run(made)
    expect(await verify(made, intendedAt)).toMatchObject({ passed: true })
  })

  test('does nothing to a container of the same name that took the planned one’s place', async () => {
    const name = uniqueName()
    const first = await start({ name })
    const made = await planned(name)
    await first.remove()
    const second = await start({ name })
    await expect(run(made)).rejects.toThrow(/nothing was done: the planned container \w+ is gone/)
    expect(await effects(second)).toEqual(['create', 'start'])
    expect(await verify(made, 0)).toEqual({
      passed: false,
      detail: `the restarted container ${first.id.slice(0, 12)} has been replaced by ${second.id.slice(0, 12)}`,
    })
    await second.remove()
    expect(await verify(made, 0)).toMatchObject({ passed: false, detail: expect.stringMatching(/has been removed/) })
  })

  test('does nothing to a container that is named like the planned one’s id', async () => {
    const first = await start()
    const made = await planned(first.name)
    await first.remove()
    const impostor = await start({ name: first.id })
    await expect(run(made)).rejects.toThrow(/is gone/)
    expect(await effects(impostor)).toEqual(['create', 'start'])
  })

  test('does nothing when somebody restarted, renamed or paused it since the plan', async () => {
    const container = await start()
    const made = await planned(container.name)
    await container.post('pause')
    await expect(run(made)).rejects.toThrow(/nothing was done.*paused/)
    await container.post('unpause')
    await container.post(`rename?name=${container.name}-old`)
    await expect(run(made)).rejects.toThrow(/nothing was done.*is now named/)
    await container.post(`rename?name=${container.name}`)
    await container.post('restart?t=5')
    await expect(run(made)).rejects.toThrow(/nothing was done.*was started by somebody else/)
    expect((await effects(container)).filter((action) => action === 'restart')).toHaveLength(1)
  })

  test('does nothing when the grace does not fit into the time that is left', async () => {
    const container = await start()
    await expect(run(await planned(container.name), { timeoutMs: 5_000 })).rejects.toThrow(
      /nothing was done.*10s of grace/,
    )
    expect(await effects(container)).toEqual(['create', 'start'])
  })

  test('does nothing once it is cancelled', async () => {
    const container = await start()
    const made = await planned(container.name)
    await expect(run(made, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await effects(container)).toEqual(['create', 'start'])
  })

  test('cancelled in the middle ends at once, and does not claim to know the outcome', async () => {
    const container = await start({ afterwards: 'ignore' })
    const made = await planned(container.name, { grace: '5s' })
    const cancel = new AbortController()
    const running = run(made, { signal: cancel.signal })
    const ended = running.catch((error: unknown) => error)
    await expect.poll(() => witness.count(container.id, 'kill')).toBe(1)
    const cancelledAt = Date.now()
    cancel.abort()
    expect(await ended).toMatchObject({ code: 'outcome_unknown', message: expect.stringMatching(/was asked for, but/) })
    expect(Date.now() - cancelledAt).toBeLessThan(3_000)
  })

  test('does nothing to a container that was never started', async () => {
    const container = await start({ created: true })
    const { Created: created, State } = await container.inspect()
    const pin = { id: container.id, created, imageId: '' }
    const made = { pin, summary: '', data: { startedAt: State.StartedAt }, target: targetOf(container.name) }
    await expect(run({ ...made, params: { grace: 0, minUptime: 0 } })).rejects.toThrow(
      /nothing was done.*never been started/,
    )
  })

  test('fails, and knows it, when the engine cannot start the container again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hepar-mount-'))
    const container = await start({ hostConfig: { Mounts: [{ Type: 'bind', Source: folder, Target: '/data' }] } })
    const made = await planned(container.name)
    rmdirSync(folder)
    const error = await run(made).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringMatching(/host "local".*could not do it.*mount/) })
    expect(error).not.toHaveProperty('code', 'outcome_unknown')
    expect(await verify(made, Date.now())).toMatchObject({ passed: false })
  })
})

describe('verification', () => {
  test('does not pass on a health check that says starting, nor on one that says unhealthy', async () => {
    const container = await start({ health: 'stays_ill', intervalMs: 1_500 })
    await healthy(container)
    await container.makeIll()
    const made = await planned(container.name)
    const intendedAt = Date.now()
    await run(made)
    const effectEndedAt = Date.now()
    expect(await verify(made, intendedAt, effectEndedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/"starting"/),
    })
    await container.until('unhealthy', (seen) => seen.State.Health?.Status === 'unhealthy')
    expect(await verify(made, intendedAt, effectEndedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/"unhealthy"/),
    })
  })

  test('does not pass on a start that is older than the intent, whoever caused it', async () => {
    const container = await start()
    const made = await planned(container.name)
    await container.post('restart?t=5')
    const later = Date.now() + 60_000
    expect(await verify(made, later, later)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/before the restart/),
    })
  })

  test('does not pass on a container that keeps crashing after the restart', async () => {
    const container = await start()
    const made = await planned(container.name)
    const intendedAt = Date.now()
    await run(made)
    await container.post('restart?t=5')
    const longAgo = Date.now() - 60_000
    expect(await verify(made, intendedAt - 60_000, longAgo)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/does not stay up/),
    })
  })

  test('does not pass on a container that ended again', async () => {
    const container = await start({ onStart: '[ ! -e /once ] || exit 9; touch /once' })
    const made = await planned(container.name)
    const intendedAt = Date.now()
    await run(made)
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    expect(await verify(made, intendedAt)).toMatchObject({ passed: false, detail: 'it is exited, exit code 9' })
  })
})

describe('an engine that cannot be asked', () => {
  const secretKey = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0'

  test.each([
    [
      'has no socket',
      { socketPath: '/nowhere/docker.sock' },
      /host "local" \(\/nowhere\/docker\.sock\) does not answer: ENOENT; start/,
    ],
    [
      'refuses',
      { protocol: 'http', host: '127.0.0.1', port: 1 },
      /http:\/\/127\.0\.0\.1:1\) does not answer: ECONNREFUSED; start/,
    ],
    [
      'cannot be found',
      { protocol: 'http', host: 'nowhere.invalid', port: 1 },
      /does not answer: E\w+; check its name/,
    ],
    [
      'has a broken key',
      { protocol: 'https', host: '127.0.0.1', port: 1, ca: 'x', cert: 'x', key: secretKey },
      /host "local"/,
    ],
  ])('and %s is told of with the next step, and without secrets', async (_, connection, message) => {
    const error = await plan('web', { docker: connection }).catch((thrown: unknown) => thrown as Error)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toContain('c2VjcmV0')
  })

  test('is not replaced by the one that DOCKER_HOST names', async () => {
    const container = await start()
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1'
    try {
      expect((await planned(container.name)).pin).toMatchObject({ id: container.id })
    } finally {
      delete process.env.DOCKER_HOST
    }
  })
})

test('an engine that ends, or hangs, in the middle of a restart leaves its outcome unknown', async () => {
  const engine = await startDockerEngine()
  try {
    const own = onEngine(engine.api)
    const change = { docker: { socketPath: engine.socket } }
    const container = await own.runContainer({ labels: optedIn, afterwards: 'ignore' })
    const seen = await own.witness()
    const made = await planned(container.name, { grace: '30s' }, change)

    engine.freeze()
    const frozen = run(made, { signal: AbortSignal.timeout(300), change })
    await expect(frozen).rejects.toThrow(/did not answer in time/)
    engine.thaw()
    await seen.settle()
    expect(seen.count(container.id, 'restart')).toBe(0)

    const ended = run(made, { change }).catch((error: unknown) => error)
    await expect.poll(() => seen.count(container.id, 'kill')).toBe(1)
    await engine.kill()
    expect(await ended).toMatchObject({ code: 'outcome_unknown' })
    await expect(planned(container.name, {}, change)).rejects.toThrow(/does not answer: E\w+; start the engine/)
    await expect(verify(made, Date.now(), Date.now(), change)).rejects.toThrow(/does not answer/)
  } finally {
    await engine.close()
  }
})

test('a grace that is no duration, or longer than five minutes, is not accepted', () => {
  expect(restart.params.parse({})).toEqual({ grace: 10_000, minUptime: 60_000 })
  for (const grace of ['fast', '5m1s', '-1s', 10]) expect(restart.params.safeParse({ grace }).success).toBe(false)
  expect(restart.params.safeParse({ force: true }).success).toBe(false)
})
