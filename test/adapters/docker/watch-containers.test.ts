import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { registerContainerMetrics } from '../../../src/adapters/docker/container-metrics.ts'
import { type ContainerWatcher, watchContainers } from '../../../src/adapters/docker/watch-containers.ts'
import type { DockerHost } from '../../../src/domain/config.ts'
import { onEngine, startDocker, type TestDocker } from '../../kit/docker.ts'
import { uniqueName } from '../../kit/docker-container.ts'
import { type DockerEngine, startDockerEngine } from '../../kit/docker-engine.ts'
import { dockerGateway } from '../../kit/docker-gateway.ts'

let shared: TestDocker
let engine: DockerEngine
let own: TestDocker
const watchers: ContainerWatcher[] = []
const told: string[] = []

beforeAll(async () => {
  ;[shared, engine] = await Promise.all([startDocker(), startDockerEngine()])
  own = onEngine(engine.api)
})
afterEach(async () => {
  await Promise.all(watchers.splice(0).map((watcher) => watcher.close()))
  told.length = 0
})
afterAll(async () => {
  await shared.close()
  await engine.close()
})

const host = (name: string, socket: string): DockerHost => ({ name, socket, url: null, tls: null, labelValues: [] })

const say = (level: string) => (fields: object, message: string) => {
  told.push(`${level} ${message} ${JSON.stringify(fields)}`)
}
const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }

/** Without an event nothing is listed anew, so whatever a test sees has come by one. */
function watch(hosts: readonly DockerHost[], change: Partial<Parameters<typeof watchContainers>[0]> = {}) {
  const timing = {
    relistEveryMs: 600_000,
    pingEveryMs: 200,
    answerWithinMs: 1_000,
    backoffMaxMs: 1_000,
    ...change.timing,
  }
  const watcher = watchContainers({ hosts, containersMax: 1_000, include: ['*'], log, ...change, timing })
  watchers.push(watcher)
  return watcher
}

const seen = (watcher: ContainerWatcher, name: string) =>
  watcher.containers().find((container) => container.name === name)

const soon = { timeout: 5_000, interval: 20 }
const within = { timeout: 20_000, interval: 20 }

describe('a container', () => {
  test('that was there before is seen, and so is every later turn of its health, within seconds', async () => {
    const container = await shared.runContainer({ health: 'heals' })
    await container.until('healthy', ({ State }) => State.Health?.Status === 'healthy')
    const watcher = watch([host('local', shared.socket)])
    await expect
      .poll(() => seen(watcher, container.name), within)
      .toEqual({
        host: 'local',
        name: container.name,
        state: 'running',
        health: 1,
      })
    await container.makeIll()
    await expect.poll(() => seen(watcher, container.name)?.health, soon).toBe(0)
    await container.makeWell()
    await expect.poll(() => seen(watcher, container.name)?.health, soon).toBe(1)
    await container.makeIll()
    await container.post('pause')
    await expect.poll(() => seen(watcher, container.name), within).toMatchObject({ state: 'paused', health: -1 })
  })

  test('is followed through its whole life, and is absent once removed', async () => {
    const watcher = watch([host('local', shared.socket)])
    await expect.poll(() => watcher.up()).toEqual([{ host: 'local', up: true }])
    const container = await shared.runContainer({ created: true, health: 'heals', intervalMs: 600_000 })
    const state = (wanted: object) => expect.poll(() => seen(watcher, container.name), within).toMatchObject(wanted)
    await state({ state: 'created', health: -1 })
    await container.post('start')
    await state({ state: 'running', health: -1 })
    await container.post('kill')
    await state({ state: 'exited', health: -1 })
    const renamed = uniqueName()
    await container.post(`rename?name=${renamed}`)
    await expect.poll(() => seen(watcher, renamed)?.state, within).toBe('exited')
    expect(seen(watcher, container.name)).toBeUndefined()
    await container.remove()
    await expect.poll(() => seen(watcher, renamed), within).toBeUndefined()
  })

  test('that crashes over and over is seen restarting', async () => {
    const container = await shared.runContainer({ afterwards: 1, hostConfig: { RestartPolicy: { Name: 'always' } } })
    const watcher = watch([host('local', shared.socket)])
    await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('restarting')
    await container.remove()
  })

  test('is listed anew from time to time, even while the event stream is silent', async () => {
    const gateway = await dockerGateway(shared.socket, { mute: (path) => path.startsWith('/events') })
    const silent = { ...host('local', ''), socket: null, url: `http://127.0.0.1:${gateway.port}` }
    const watcher = watch([silent], { timing: { relistEveryMs: 300 } })
    await expect.poll(() => watcher.up(), within).toEqual([{ host: 'local', up: true }])
    const container = await shared.runContainer()
    await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('running')
    await container.remove()
    await expect.poll(() => seen(watcher, container.name), within).toBeUndefined()
    gateway.close()
  })
})

test('a change that the engine tells of before its list shows it is seen all the same', async () => {
  let stale: string | null = null
  const gateway = await dockerGateway(shared.socket, { canned: (path) => (path.includes('%22id%22') ? stale : null) })
  const behind = { ...host('local', ''), socket: null, url: `http://127.0.0.1:${gateway.port}` }
  const watcher = watch([behind], { timing: { recheckMs: 500 } })
  const container = await shared.runContainer()
  await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('running')
  const filters = JSON.stringify({ id: [container.id] })
  stale = (await shared.api.call('GET', `/containers/json?filters=${encodeURIComponent(filters)}`)).text
  await container.post('kill')
  await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('exited')
  gateway.close()
})

describe('what is shown', () => {
  test('is filtered by globs, sorted, and capped to the first by host and name', async () => {
    const prefix = uniqueName('cap')
    for (const letter of ['c', 'a', 'b']) await shared.runContainer({ name: `${prefix}-${letter}`, created: true })
    await own.runContainer({ name: `${prefix}-d`, created: true })
    const hosts = [host('b-host', shared.socket), host('a-host', engine.socket)]
    const include = [`*/${prefix}-*`]
    const all = watch(hosts, { include })
    const places = (watcher: ContainerWatcher) => watcher.containers().map((one) => `${one.host}/${one.name}`)
    const wanted = [`a-host/${prefix}-d`, `b-host/${prefix}-a`, `b-host/${prefix}-b`, `b-host/${prefix}-c`]
    await expect.poll(() => places(all), within).toEqual(wanted)
    const some = watch(hosts, { include: [`b-host/${prefix}-*`] })
    await expect.poll(() => places(some), within).toEqual(wanted.slice(1))
    const few = watch(hosts, { include, containersMax: 2 })
    await expect.poll(() => places(few), within).toEqual(wanted.slice(0, 2))
    const complaints = () => told.filter((line) => line.startsWith('warn more containers than'))
    await expect.poll(complaints).toHaveLength(1)
    places(few)
    expect(complaints()).toHaveLength(1)
  })

  test('is exposed with its help, and the host’s containers are absent while its engine is away', async () => {
    const container = await own.runContainer({ health: 'heals' })
    await container.until('healthy', ({ State }) => State.Health?.Status === 'healthy')
    const registry = new Registry()
    const hosts = [host('h1', engine.socket), host('h2', '/nowhere/docker.sock')]
    const watcher = watch(hosts, { include: [`*/${container.name}`] })
    registerContainerMetrics(registry, watcher)
    await expect.poll(() => watcher.containers(), within).toHaveLength(1)
    const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '')
    expect(lines).toEqual([
      'hepar_docker_up{host="h1"} 1',
      'hepar_docker_up{host="h2"} 0',
      `hepar_container_state{host="h1",name="${container.name}",state="running"} 1`,
      `hepar_container_health_status{host="h1",name="${container.name}"} 1`,
    ])
    await container.post('kill')
    await expect.poll(() => registry.metrics(), within).toContain('state="exited"} 1')
    expect(await registry.metrics()).not.toContain('state="running"')
    await container.remove()
    await expect.poll(() => registry.metrics(), within).not.toContain('hepar_container_state{')
  })
})

describe('an engine', () => {
  test('that is killed is down and shows nothing, the others go on, and it comes back by itself', async () => {
    const mine = await own.runContainer({ hostConfig: { RestartPolicy: { Name: 'always' } } })
    const theirs = await shared.runContainer()
    const watcher = watch([host('h1', engine.socket), host('h2', shared.socket)])
    await expect.poll(() => seen(watcher, mine.name)?.host, within).toBe('h1')
    await expect.poll(() => seen(watcher, theirs.name)?.host, within).toBe('h2')

    await engine.kill()
    await expect
      .poll(() => watcher.up(), within)
      .toEqual([
        { host: 'h1', up: false },
        { host: 'h2', up: true },
      ])
    expect(watcher.containers().filter((container) => container.host === 'h1')).toEqual([])
    expect(seen(watcher, theirs.name)).toBeDefined()

    await engine.start()
    await expect.poll(() => seen(watcher, mine.name)?.state, within).toBe('running')
    expect(told.filter((line) => line.startsWith('warn docker engine does not answer {"host":"h1"'))).toHaveLength(1)
    await mine.post('kill')
    await expect.poll(() => seen(watcher, mine.name)?.state, within).toBe('exited')
  })

  test('that hangs is down after its time to answer, and up again when it goes on', async () => {
    const container = await own.runContainer()
    const watcher = watch([host('h1', engine.socket)])
    await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('running')
    engine.freeze()
    try {
      await expect.poll(() => watcher.up(), within).toEqual([{ host: 'h1', up: false }])
      expect(watcher.containers()).toEqual([])
      expect(told.at(-1)).toMatch(/gave no answer within 1000 ms/)
    } finally {
      engine.thaw()
    }
    await expect.poll(() => seen(watcher, container.name)?.state, within).toBe('running')
  })

  test('that never was there is down, and closing does not wait for it', async () => {
    const watcher = watch([host('h1', '/nowhere/docker.sock')], {
      timing: { backoffMinMs: 60_000, backoffMaxMs: 60_000 },
    })
    await expect.poll(() => told.length).toBe(1)
    expect(watcher.up()).toEqual([{ host: 'h1', up: false }])
    const before = performance.now()
    await watcher.close()
    expect(performance.now() - before).toBeLessThan(5_000)
  })
})
