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
