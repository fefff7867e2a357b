import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import safeMode from '../../plugins/safe-mode.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { Planned } from '../../src/sdk/index.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { tempFolder } from '../kit/temp.ts'

const signal = new AbortController().signal
const target = { kind: 'service', place: null, name: 'shop', text: 'service/shop' }
const key = 'shop:safe-mode'
type Made = Planned<Record<string, never>>

let redis: TestRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis[Symbol.asyncDispose]())
afterEach(() => redis.cli('FLUSHALL'))

const traces = { unit: null, logFile: null }
const bare: JsonObject = { service: { name: 'shop', ...traces, mirror: null } }
const mirrored = (change: JsonObject = {}): JsonObject => {
  return { service: { name: 'shop', ...traces, mirror: { key, redis: redis.settings(change) } } }
}
const context = (settings: JsonObject) => {
  const now = Date.now()
  return { settings, signal, now, idempotencyKey: 'k', deadlineAt: now + 60_000 }
}
const plan = (settings: JsonObject) => safeMode.plan(target, {}, context(settings))

async function planned(settings: JsonObject): Promise<Made> {
  const made = await plan(settings)
  if ('refused' in made) throw new Error(`refused: ${made.refused}`)
  return { ...JSON.parse(JSON.stringify(made)), target, params: {} }
}
const run = (made: Made, settings: JsonObject) => safeMode.run(made, context(settings))
const revert = (made: Made, settings: JsonObject) => safeMode.revert!(made, context(settings))

test('a service that is not listed is refused, with where to list it', async () => {
  const unlisted = { service: null, unlisted: 'there is no services.shop, did you mean "shops"?' }
  expect(await plan(unlisted)).toMatchObject({
    final: true,
    refused: 'service/shop is not put into safe mode: there is no services.shop, did you mean "shops"?; list it there',
  })
})

test('without a mirror there is nothing to write: that the effect is in force is the flag', async () => {
  const made = await planned(bare)
  expect(made).toMatchObject({ pin: { service: 'shop', mirror: null }, summary: 'Put service/shop into safe mode' })
  expect(await run(made, bare)).toEqual({ mirror: null })
  expect(await revert(made, bare)).toEqual({ mirror: null })
  expect(await revert(made, { service: null, unlisted: 'no' })).toEqual({ mirror: null })
})

test('shows before what the log says last and who holds the memory, and that its unit cannot be asked about', async () => {
  await using folder = await tempFolder('shop')
  writeFileSync(folder.file('shop.log'), 'well\n\u001b[2Jcannot pay\n')
  const { service } = bare as { service: JsonObject }
  const made = await planned({ service: { ...service, logFile: folder.file('shop.log'), unit: 'shop.service' } })
  expect(made.evidence).toEqual({
    mirror: null,
    unit: null,
    unitMissing: expect.stringContaining('systemctl'),
    logs: ['well', 'cannot pay'],
    machine: expect.objectContaining({ topMemory: expect.arrayContaining([expect.anything()]) }),
  })
})

describe('a mirror in Redis', () => {
  test('is looked at by the plan, which writes nothing', async () => {
    expect(await planned(mirrored())).toMatchObject({
      pin: { mirror: { redis: 'cache', key } },
      summary: 'Put service/shop into safe mode, shown by the key "shop:safe-mode" of redis "cache"',
      evidence: { mirror: 'absent' },
    })
    expect(await redis.cli('DBSIZE')).toBe('0')
  })

  test('exists while the service is in safe mode', async () => {
    const made = await planned(mirrored())
    expect(await run(made, mirrored())).toEqual({ mirror: 'written' })
    expect(await redis.cli('GET', key)).toMatch(/^hepar:20\d\d-/)
    expect(await redis.cli('TTL', key)).toBe('-1')
    expect(await revert(made, mirrored())).toEqual({ mirror: 'removed' })
    expect(await redis.cli('EXISTS', key)).toBe('0')
  })

  test('can be written and removed any number of times', async () => {
    const made = await planned(mirrored())
    await run(made, mirrored())
    const first = await redis.cli('GET', key)
    expect(await run(made, mirrored())).toEqual({ mirror: 'written' })
    expect(await redis.cli('GET', key)).toBe(first)
    await revert(made, mirrored())
    expect(await revert(made, mirrored())).toEqual({ mirror: 'was gone' })
  })

  test('lies in the database of its Redis', async () => {
    const settings = mirrored({ database: 3 })
    await run(await planned(settings), settings)
    expect(await redis.cli('-n', '3', 'EXISTS', key)).toBe('1')
    expect(await redis.cli('EXISTS', key)).toBe('0')
  })

  test.each([
    ['a text', ['SET', key, 'theirs']],
    ['a list', ['LPUSH', key, 'hepar:']],
  ])('is refused where somebody else has %s', async (_, command) => {
    await redis.cli(...command)
    expect(await plan(mirrored())).toMatchObject({
      final: true,
      refused: expect.stringContaining('holds something that Hepar did not write'),
    })
  })

  test('never replaces or removes what somebody else wrote since the plan', async () => {
    const made = await planned(mirrored())
    await redis.cli('SET', key, 'theirs')
    await expect(run(made, mirrored())).rejects.toThrow('did not write')
    await expect(revert(made, mirrored())).rejects.toThrow('did not write')
    expect(await redis.cli('GET', key)).toBe('theirs')
  })

  test('in a Redis that does not answer: not now, and a revert is tried again', async () => {
    const made = await planned(mirrored())
    const away = mirrored({ port: 1 })
    expect(await plan(away)).toMatchObject({ final: false, refused: expect.stringContaining('refuses connections') })
    await expect(revert(made, away)).rejects.toThrow('refuses connections')
  })

  test('that the configuration has moved meanwhile is never forgotten', async () => {
    const made = await planned(mirrored())
    await run(made, mirrored())
    for (const now of [bare, { service: null, unlisted: 'no' }, mirrored({ name: 'other' })]) {
      await expect(revert(made, now)).rejects.toThrow('put it back until the safe mode is over')
    }
    expect(await redis.cli('EXISTS', key)).toBe('1')
  })
})
