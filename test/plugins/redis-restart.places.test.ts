import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import restart from '../../plugins/redis-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { optedIn } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import type { TestContainer } from '../kit/docker-container.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { redisAction } from '../kit/redis-action.ts'
import { type StandInSystemctl, standInSystemctl } from '../kit/stand-in-systemctl.ts'
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

  /** Stands for systemd, with the one unit of this server. */
  async function systemd(redis: TestRedis, state: { active?: string; load?: string; restart?: string } = {}) {
    const folder = await tempFolder('systemd')
    onTestFinished(() => folder[Symbol.asyncDispose]())
    const stand = standInSystemctl(folder.path)
    const { active = 'failed', load = 'loaded' } = state
    const run = active === 'active' ? 'first' : ''
    const sub = active === 'active' ? 'running' : 'dead'
    stand.tell({ Id: unit, LoadState: load, ActiveState: active, SubState: sub, InvocationID: run })
    stand.afterRestart({ Id: unit, InvocationID: 'second' })
    stand.restartBy(state.restart ?? `setsid -f ${redis.argv.join(' ')} >/dev/null 2>&1`)
    const before = process.env.PATH
    process.env.PATH = stand.path
    onTestFinished(() => {
      process.env.PATH = before
    })
    return { stand, settings: redis.settings({ restart: { by: 'unit', unit } }) }
  }
  const restartCall = `[--no-ask-password][restart][--][${unit}]`
  const asked = (stand: StandInSystemctl) =>
    stand
      .calls()
      .map((call) => (call === restartCall ? 'restart' : /^\[--no-ask-password\]\[show\]/.test(call) ? 'show' : call))

  test('the unit is asked about and restarted by argv, and its new run is proven', async () => {
    await using redis = await startRedis({ stopped: true })
    const { settings, stand } = await systemd(redis)
    const made = await on.planned(settings, quick)
    expect(made.pin).toMatchObject({ restarted: { unit: 'redis@one.service', invocation: '' } })
    expect(made.summary).toMatch(/by redis@one\.service, which is failed \(dead\)/)
    expect(asked(stand)).toEqual(['show'])
    const intendedAt = Date.now()
    expect(await on.run(made)).toEqual({ unit: 'redis@one.service', invocation: 'second' })
    expect(asked(stand)).toEqual(['show', 'show', 'restart', 'show'])
    await waitFor(async () => (await on.verify(made, { intendedAt })).passed, { what: 'it is proven' })
  })

  test('is not proven while the unit is the same run, or does not run', async () => {
    await using redis = await startRedis()
    const { settings, stand } = await systemd(redis, { active: 'active' })
    const pin = { address: '', restarted: { unit: 'redis@one.service', invocation: 'first' } }
    const target = { kind: 'redis', place: null, name: 'cache', text: 'redis/cache' }
    const made = { pin, summary: '', target, params: restart.params.parse({}), settings }
    const intendedAt = Date.now()
    expect(await on.verify(made, { intendedAt })).toEqual({
      passed: false,
      detail: 'redis@one.service is still the same run',
    })
    stand.tell({ ActiveState: 'failed', SubState: 'dead', InvocationID: 'second' })
    expect(await on.verify(made, { intendedAt })).toEqual({
      passed: false,
      detail: 'redis@one.service is failed (dead)',
    })
  })

  test.each([
    ['activating', 'loaded', false, /it is activating/],
    ['inactive', 'masked', true, /is masked/],
    ['active', 'loaded', false, /it runs, yet nobody listens/],
  ])('is not restarted while it is %s and %s', async (active, load, final, words) => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis, { active, load })
    expect(await on.refused(settings, quick)).toMatchObject({ final, refused: expect.stringMatching(words) })
  })

  test('a failed restart says so, and one that is cut off is unknown', async () => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis, { restart: 'echo "Job failed." >&2; exit 1' })
    const made = await on.planned(settings, quick)
    const failure = await on.run(made).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      message: expect.stringMatching(/could not restart redis@one\.service: Job failed\./),
    })
    expect(failure).not.toHaveProperty('code', 'outcome_unknown')
    const slow = await systemd(redis, { restart: 'exec sleep 600' })
    const cancel = new AbortController()
    const cut = on
      .run({ ...(await on.planned(slow.settings, quick)) }, { signal: cancel.signal })
      .catch((error: unknown) => error)
    await waitFor(() => asked(slow.stand).includes('restart'), { what: 'it was asked to restart' })
    cancel.abort()
    expect(await cut).toMatchObject({ code: 'outcome_unknown' })
  })

  test('systemd that cannot be asked is no reason to go on', async () => {
    await using redis = await startRedis({ stopped: true })
    const { settings } = await systemd(redis)
    process.env.PATH = '/nowhere'
    await expect(on.plan(settings, quick)).rejects.toThrow(/there is no systemctl/)
  })
})
