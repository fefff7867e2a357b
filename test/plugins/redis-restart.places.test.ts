import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import restart from '../../plugins/redis-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { optedIn } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import type { TestContainer } from '../kit/docker-container.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { redisAction } from '../kit/redis-action.ts'
import { standInSystemctl } from '../kit/stand-in-systemctl.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const on = redisAction(restart)
const quick = { answer: '500ms', grace: '2s' }

describe('by container', () => {
  let docker: TestDocker
  beforeAll(async () => {
    docker = await startDocker()
  })
  afterAll(() => docker.close())

  /** The machine's own redis-server in a container, on the machine's network. */
  async function start(redis: TestRedis, labels: Record<string, string> = optedIn): Promise<TestContainer> {
    const here = ['/usr', '/lib', '/lib64', redis.folder]
    const Binds = here.map((path) => `${path}:${path}${path === redis.folder ? '' : ':ro'}`)
    const container = await docker.runContainer({
      labels,
      config: { Cmd: [...redis.argv] },
      hostConfig: { NetworkMode: 'host', Binds },
    })
    await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers in its container' })
    return container
  }

  const settingsOf = (redis: TestRedis, { name }: { name: string }, place: JsonObject = {}) => {
    const own = { host: 'local', docker: { socketPath: docker.socket }, allow: [], protect: [], lifelines: [] }
    return redis.settings({
      restart: { by: 'container', name, place: { ...own, self: { containerIds: [] }, ...place } },
    })
  }

  test('one that has ended is started once, and proven', async () => {
    await using redis = await startRedis({ stopped: true })
    const witness = await docker.witness()
    const container = await start(redis)
    await container.post('kill')
    const { State: before } = await container.until('exited', (seen) => seen.State.Status === 'exited')
    const made = await on.planned(settingsOf(redis, container), quick)
    expect(made.pin).toMatchObject({ restarted: { id: container.id, startedAt: before.StartedAt } })
    // What a container-restart has for its target.
    expect(made.touches).toEqual([
      `redis-server/local:${redis.port}`,
      `container/local/${container.name}`,
      `container-id/${container.id}`,
    ])
    expect(made.evidence).toMatchObject({ container: { state: 'exited', memory: { top: [] } } })
    expect(made.changed).toBeUndefined()
    const intendedAt = Date.now()
    expect(await on.run(made)).toEqual({ id: container.id, graceSeconds: 2 })
    await waitFor(async () => (await on.verify(made, { intendedAt })).passed, { what: 'it is proven' })
    await witness.settle()
    expect(witness.count(container.id, 'restart')).toBe(1)
  })

  test('one that hangs is restarted, and a container that was started by somebody else meanwhile is not', async () => {
    await using redis = await startRedis({ stopped: true })
    const container = await start(redis)
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis, container), quick)
    await container.post('restart?t=0')
    await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers again' })
    redis.signal('SIGSTOP')
    await expect(on.run(made)).rejects.toThrow(/nothing was done.*no longer what was planned/)
    const anew = await on.planned(settingsOf(redis, container), quick)
    // So that whoever started it is given time to see whether that helped.
    const startedAgo = Date.now() - (anew.changed?.at ?? 0)
    expect({ what: anew.changed?.what, lately: startedAgo > -2_000 && startedAgo < 60_000 }).toEqual({
      what: 'it was started',
      lately: true,
    })
    const intendedAt = Date.now()
    expect(await on.verify(anew, { intendedAt })).toMatchObject({ passed: false })
    await on.run(anew)
    await waitFor(async () => (await on.verify(anew, { intendedAt })).passed, { what: 'it is proven' })
  })

  test('all guards of containers hold', async () => {
    await using redis = await startRedis({ stopped: true })
    const container = await start(redis, {})
    redis.signal('SIGSTOP')
    expect(await on.refused(settingsOf(redis, container), quick)).toMatchObject({
      final: true,
      refused: expect.stringMatching(/is not touched: it is not opted in/),
      evidence: { state: 'silent' },
    })
    const permitted = settingsOf(redis, container, { allow: ['local/*'] })
    await on.planned(permitted, quick)
    const own = settingsOf(redis, container, { allow: ['local/*'], self: { containerIds: [container.id] } })
    expect(await on.refused(own, quick)).toMatchObject({ final: true, refused: expect.stringMatching(/Hepar itself/) })
    redis.signal('SIGCONT')
    await container.post('pause')
    const paused = await on.plan(permitted, quick)
    // Before anything can fail: what is frozen cannot be cleaned up.
    await container.post('unpause')
    expect(paused).toMatchObject({
      final: false,
      refused: expect.stringMatching(/is paused: somebody holds it still/),
    })
  })

  test('a running container is left alone where nobody listens, and an ended one where somebody does', async () => {
    await using redis = await startRedis({ stopped: true })
    const other = await docker.runContainer({ labels: optedIn })
    expect(await on.refused(settingsOf(redis, other), quick)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/it runs, yet nobody listens at the address/),
    })
    await redis.start()
    redis.signal('SIGSTOP')
    await other.post('stop?t=0')
    expect(await on.refused(settingsOf(redis, other), quick)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/it does not run, yet something takes connections/),
    })
    expect((await on.refused(settingsOf(redis, { name: 'no-such' }), quick)).refused).toMatch(/has no container named/)
  })
})

describe('by systemd unit', () => {
  const unit = 'redis@one.service'

  async function systemd(redis: TestRedis, properties: Readonly<Record<string, string>> = {}) {
    const folder = await tempFolder('systemd')
    onTestFinished(() => folder[Symbol.asyncDispose]())
    const standIn = standInSystemctl(folder.path, unit)
    standIn.tell({ InvocationID: '', ...properties })
    const before = process.env.PATH
    process.env.PATH = standIn.path
    onTestFinished(() => {
      process.env.PATH = before
    })
    const settings = redis.settings({ restart: { by: 'unit', unit } })
    const restarts = () => standIn.calls().filter((call) => call.includes('[restart]'))
    return { ...standIn, settings, restarts }
  }
  const starting = (redis: TestRedis) => `setsid -f ${redis.argv.join(' ')} >/dev/null 2>&1`

  test('the unit is asked about and restarted by argv, and its new run is proven', async () => {
    await using redis = await startRedis({ stopped: true })
    const on1 = await systemd(redis)
    on1.restartBy(starting(redis))
    on1.journal('one line\nand the last')
    const made = await on.planned(on1.settings, quick)
    expect(made.pin).toMatchObject({ restarted: { unit, invocation: '' } })
    expect(made.touches).toEqual([`redis-server/local:${redis.port}`, `unit/${unit}`])
    expect(made.summary).toMatch(/by redis@one\.service, which is failed \(failed\)/)
    expect(made.evidence).toMatchObject({ unit: { active: 'failed', logs: ['one line', 'and the last'] } })
    expect(on1.restarts()).toEqual([])
    const intendedAt = Date.now()
    expect(await on.run(made)).toEqual({ unit, invocation: '2'.repeat(32) })
    expect(on1.restarts()).toEqual([`[--no-ask-password][restart][--][${unit}]`])
    await waitFor(async () => (await on.verify(made, { intendedAt })).passed, { what: 'it is proven' })
  })

  test('that somebody started lately, and that hangs since, is planned with who touched it', async () => {
    await using redis = await startRedis()
    redis.signal('SIGSTOP')
    const activeSinceUs = String(process.hrtime.bigint() / 1_000n - 5_000_000n)
    const active = { ActiveState: 'active', SubState: 'running', ActiveEnterTimestampMonotonic: activeSinceUs }
    const { settings } = await systemd(redis, active)
    const { changed } = await on.planned(settings, quick)
    expect(changed?.what).toBe('it was started')
    expect(Math.abs(Date.now() - 5_000 - (changed?.at ?? 0))).toBeLessThan(5_000)
  })

  test('is not proven while the unit is the same run, or does not run', async () => {
    await using redis = await startRedis()
    const { settings, tell } = await systemd(redis, { ActiveState: 'active', InvocationID: 'first' })
    const pin = { address: '', restarted: { unit, invocation: 'first' } }
    const target = { kind: 'redis', place: null, name: 'cache', text: 'redis/cache' }
    const made = { pin, summary: '', target, params: restart.params.parse({}), settings }
    const intendedAt = Date.now()
    expect(await on.verify(made, { intendedAt })).toEqual({
      passed: false,
      detail: 'redis@one.service is still the same run',
    })
    tell({ ActiveState: 'failed', SubState: 'dead', InvocationID: 'second' })
    expect(await on.verify(made, { intendedAt })).toEqual({
      passed: false,
      detail: 'redis@one.service is failed (dead)',
    })
  })

  test.each([
    ['while it is activating', { ActiveState: 'activating' }, /it is activating/],
    ['while it runs and nobody listens', { ActiveState: 'active' }, /it runs, yet nobody listens/],
  ])('is not restarted %s', async (_, properties, words) => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis, properties)
    expect(await on.refused(settings, quick)).toMatchObject({ final: false, refused: expect.stringMatching(words) })
  })

  test.each([
    ['that is masked', { LoadState: 'masked', ActiveState: 'inactive' }, /is masked: somebody forbids its start/],
    ['that systemd does not know', { LoadState: 'not-found' }, /systemd does not know/],
    ['by another name', { Id: 'redis-server.service' }, /is another name of redis-server\.service/],
    ['that Hepar itself runs in', { MainPID: String(process.pid) }, /Hepar itself runs in it/],
  ])('a unit %s is refused for good', async (_, properties, words) => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis, properties)
    expect(await on.refused(settings, quick)).toMatchObject({ final: true, refused: expect.stringMatching(words) })
  })

  test('a failed restart says so, and one that is cut off is unknown', async () => {
    await using redis = await startRedis({ stopped: true })
    const failing = await systemd(redis)
    failing.restartBy('echo "Job failed." >&2; exit 1')
    const made = await on.planned(failing.settings, quick)
    const failure = await on.run(made).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      message: expect.stringMatching(/could not restart redis@one\.service: Job failed\.; see: journalctl -u/),
    })
    expect(failure).not.toHaveProperty('code', 'outcome_unknown')
    const slow = await systemd(redis)
    slow.restartBy('exec sleep 600')
    const cancel = new AbortController()
    const cut = on
      .run({ ...(await on.planned(slow.settings, quick)) }, { signal: cancel.signal })
      .catch((error: unknown) => error)
    await waitFor(() => slow.restarts().length === 1, { what: 'it was asked to restart' })
    cancel.abort()
    expect(await cut).toMatchObject({ code: 'outcome_unknown' })
  })

  test('systemd that cannot be asked is no reason to go on', async () => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis)
    process.env.PATH = '/nowhere'
    await expect(on.plan(settings, quick)).rejects.toThrow(/there is no systemctl.*does systemd run/)
  })
})
