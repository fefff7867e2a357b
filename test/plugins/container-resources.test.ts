import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import resources from '../../plugins/container-resources.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { containerAction, type PlannedCall } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import type { TestContainer } from '../kit/docker-container.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'

const MiB = 2 ** 20
const signal = new AbortController().signal

let docker: TestDocker
let witness: DockerWitness
let on: ReturnType<typeof containerAction<typeof resources.params>>

beforeAll(async () => {
  docker = await startDocker()
  witness = await docker.witness()
  on = containerAction(resources, docker, witness)
})
afterAll(() => docker.close())

const small = { Memory: 64 * MiB, MemorySwap: 96 * MiB }
const upTo = (memoryMax: string) => ({ memoryMax })

/** What the engine says the container may use. */
async function limitsOf(container: TestContainer) {
  const { HostConfig } = (await container.inspect()) as unknown as {
    HostConfig: { Memory: number; MemorySwap: number; NanoCpus: number }
  }
  return { memory: HostConfig.Memory / MiB, both: HostConfig.MemorySwap / MiB, cpus: HostConfig.NanoCpus / 1e9 }
}

type Made = PlannedCall<never>
function revert(made: unknown, change: JsonObject = {}) {
  const now = Date.now()
  const context = { settings: on.settings(change), signal, now, idempotencyKey: 'k', deadlineAt: now + 60_000 }
  return resources.revert!(made as Made, context)
}

describe('a plan', () => {
  test('names the one container, says from what to what, and touches nothing', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    expect(made.pin).toMatchObject({ id: container.id })
    expect(made.summary).toBe(
      `Raise container ${container.name} on local (${container.id.slice(0, 12)}) from 64 MiB of memory to 96 MiB of memory`,
    )
    expect(made.evidence).toMatchObject({ state: 'running', limits: { memoryBytes: 64 * MiB } })
    expect(await on.effects(container)).toEqual(['create', 'start'])
  })

  test('goes no further than the cap, and refuses at it', async () => {
    const container = await on.start({ hostConfig: small })
    expect((await on.planned(container.name, upTo('80MiB'))).summary).toContain('to 80 MiB of memory')
    expect(await on.plan(container.name, {}, upTo('64MiB'))).toMatchObject({
      final: true,
      refused: expect.stringContaining('has 67108864 bytes of memory already'),
    })
    expect(await on.plan(container.name, {}, upTo('32MiB'))).toMatchObject({ final: true })
  })

  test('refuses what has no limit, and whoever names no cap', async () => {
    const container = await on.start()
    expect(await on.plan(container.name, {}, upTo('1GiB'))).toMatchObject({
      final: true,
      refused: expect.stringContaining('it has no memory limit that could be raised'),
    })
    expect(await on.plan(container.name, {}, { what: 'cpu', cpusMax: 2 })).toMatchObject({
      final: true,
      refused: expect.stringContaining('it has no limit of CPUs that could be raised'),
    })
    for (const params of [{}, { what: 'cpu' }, { factor: 1, memoryMax: '1GiB' }, { memoryMax: 'much' }]) {
      expect(resources.params.safeParse(params).success).toBe(false)
    }
  })

  test('waits while somebody holds the container still', async () => {
    const container = await on.start({ hostConfig: small })
    await container.post('pause')
    expect(await on.plan(container.name, {}, upTo('1GiB'))).toMatchObject({
      final: false,
      refused: expect.stringContaining('it is paused'),
    })
    await container.post('unpause')
  })

  test.each<[string, { labels?: Record<string, string>; hostConfig?: object }, JsonObject, string]>([
    ['is not opted in', { labels: {} }, {}, 'it is not opted in'],
    ['is protected', {}, { protect: ['local/*'] }, 'docker.protect has "local/*"'],
    [
      'belongs to another manager',
      { labels: { 'hepar.enable': 'true', 'com.docker.swarm.x': '1' } },
      {},
      'Docker Swarm',
    ],
  ])('refuses a container that %s', async (_, wish, change, reason) => {
    const { hostConfig, ...rest } = wish
    const container = await on.start({ ...rest, hostConfig: { ...small, ...hostConfig } })
    expect(await on.plan(container.name, change, upTo('1GiB'))).toMatchObject({
      final: true,
      refused: expect.stringContaining(reason),
    })
  })

  test('refuses the container that Hepar runs in', async () => {
    const container = await on.start({ hostConfig: small })
    const change = { self: { containerIds: [container.id.slice(0, 12)] } }
    expect(await on.plan(container.name, change, upTo('1GiB'))).toMatchObject({ final: true })
  })
})

describe('the effect', () => {
  test('raises memory and swap together, without a restart, and can be taken back', async () => {
    const container = await on.start({ hostConfig: small })
    const { State: before } = await container.inspect()
    const made = await on.planned(container.name, upTo('1GiB'))
    await on.run(made)
    const swap = (await limitsOf(container)).both
    expect(await limitsOf(container)).toMatchObject({ memory: 96 })
    // An engine whose kernel counts no swap says so by not having the limit at all.
    expect([128, -1 / MiB, 0]).toContain(swap)
    expect(await on.verify(made, Date.now())).toMatchObject({ passed: true })
    expect((await container.inspect()).State.StartedAt).toBe(before.StartedAt)
    expect(await revert(made)).toMatchObject({ reverted: true })
    expect(await limitsOf(container)).toMatchObject({ memory: 64 })
    expect(await revert(made)).toMatchObject({ reverted: false })
  })

  test('raises CPUs', async () => {
    const container = await on.start({ hostConfig: { NanoCpus: 500_000_000 } })
    const made = await on.planned(container.name, { what: 'cpu', cpusMax: 2 })
    expect(made.summary).toContain('from 0.5 CPUs to 0.75 CPUs')
    await on.run(made)
    expect(await limitsOf(container)).toMatchObject({ cpus: 0.75 })
    await revert(made)
    expect(await limitsOf(container)).toMatchObject({ cpus: 0.5 })
  })

  test('helps a container that has ended only together with a restart', async () => {
    const container = await on.start({ hostConfig: small, afterwards: 137 })
    await container.until('it has ended', ({ State }) => State.Status === 'exited')
    const made = await on.planned(container.name, upTo('1GiB'))
    await on.run(made)
    expect(await limitsOf(container)).toMatchObject({ memory: 96 })
    expect(await on.verify(made, Date.now())).toMatchObject({
      passed: false,
      detail: expect.stringContaining('exited'),
    })
  })

  test('is the same when it is begun again', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    await on.run(made)
    await on.run(made)
    expect(await limitsOf(container)).toMatchObject({ memory: 96 })
  })

  test('does nothing to limits that somebody changed since the plan, nor does the revert', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    const other = await on.planned(container.name, { ...upTo('1GiB'), factor: 2 })
    await on.run(other)
    await expect(on.run(made)).rejects.toThrow('nothing was done: somebody changed its limits')
    expect(await revert(made)).toMatchObject({ reverted: false, reason: expect.stringContaining('not those') })
    expect(await on.verify(made, Date.now())).toMatchObject({ passed: false })
    expect(await limitsOf(container)).toMatchObject({ memory: 128 })
  })

  test('is not taken back from a container that could not live with less, for that would end it', async () => {
    const container = await on.start({ hostConfig: { Memory: 32 * MiB, MemorySwap: 32 * MiB } })
    const made = await on.planned(container.name, { ...upTo('1GiB'), factor: 4 })
    await on.run(made)
    await container.exec('dd', 'if=/dev/zero', 'of=/dev/shm/grown', 'bs=1048576', 'count=50')
    await expect(revert(made)).rejects.toThrow(
      /nothing was done: it holds \d+(\.\d+)? MiB of memory.*more than the 32 MiB/,
    )
    expect(await limitsOf(container)).toMatchObject({ memory: 128 })
    await container.post('restart?t=0')
    expect(await revert(made)).toMatchObject({ reverted: true })
    expect(await limitsOf(container)).toMatchObject({ memory: 32 })
  })

  test('does nothing to a container that was renamed since the plan, for another name may be a protected one', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    await container.post(`rename?name=${container.name}-old`)
    await expect(on.run(made)).rejects.toThrow(
      `nothing was done: the planned container ${container.id.slice(0, 12)} is now named`,
    )
    expect(await limitsOf(container)).toMatchObject({ memory: 64 })
  })

  test('holds the very container, under whatever name or host somebody else means it', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    expect(made.touches).toEqual([`container-id/${container.id}`])
  })

  test('never reaches another container of the same name', async () => {
    const container = await on.start({ hostConfig: small })
    const made = await on.planned(container.name, upTo('1GiB'))
    await container.remove()
    const successor = await on.start({ name: container.name, hostConfig: small })
    await expect(on.run(made)).rejects.toThrow('is gone')
    expect(await revert(made)).toMatchObject({ reverted: false, reason: 'the container is gone' })
    expect(await limitsOf(successor)).toMatchObject({ memory: 64 })
  })
})
