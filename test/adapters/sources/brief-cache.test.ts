import { expect, test } from 'vitest'
import { createBriefCache } from '../../../src/adapters/sources/brief-cache.ts'

test('what began too long ago, or in the future of a clock that was set back, is fetched anew', async () => {
  let now = 10_000
  let fetched = 0
  const cache = createBriefCache({ clock: { now: () => now }, ageMaxMs: 1_000 })
  const owner = {}
  const get = (key = 'k', whose: object = owner) => cache.get(whose, key, async () => ++fetched)
  expect([await get(), await get()]).toEqual([1, 1])
  now += 1_000
  expect(await get()).toBe(2)
  now -= 5_000
  expect(await get()).toBe(3)
  expect([await get('other'), await get('k', {})]).toEqual([4, 5])
})

test('what began before the moment asked about is not shared, and all who need a later one share the next', async () => {
  let now = 10_000
  const fetches: PromiseWithResolvers<number>[] = []
  const cache = createBriefCache({ clock: { now: () => now }, ageMaxMs: 1_000 })
  const owner = {}
  const get = (sinceMs: number) =>
    cache.get(
      owner,
      'k',
      () => {
        const fetch = Promise.withResolvers<number>()
        fetches.push(fetch)
        return fetch.promise
      },
      sinceMs,
    )
  const early = get(10_000)
  now += 100
  const late = [get(10_050), get(10_100)]
  const shared = get(9_000)
  expect(fetches).toHaveLength(1)
  fetches[0]?.resolve(1)
  expect([await early, await shared]).toEqual([1, 1])
  await new Promise((resolve) => setImmediate(resolve))
  expect(fetches).toHaveLength(2)
  fetches[1]?.resolve(2)
  expect(await Promise.all(late)).toEqual([2, 2])
  expect(await get(10_100)).toBe(2)
  now += 10
  void get(10_110)
  expect(fetches).toHaveLength(3)
})
