import { expect, test } from 'vitest'
import { createNewId, newId } from '../../../src/adapters/store/uuid.ts'
import { noon } from './samples.ts'

test('an id is a UUIDv7 that carries its time', () => {
  const id = newId(noon)
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(noon)
})

test('ids only ever grow: within a millisecond, past its last count, and when the clock steps back', () => {
  const next = createNewId()
  const times = [...new Array(10_000).fill(noon), noon - 5_000, noon, noon + 1, noon + 60_000]
  const ids = times.map(next)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the random part differs from id to id', () => {
  const next = createNewId()
  const tails = Array.from({ length: 1_000 }, () => next(noon).slice(19))
  expect(new Set(tails).size).toBe(1_000)
  const variants = new Set(tails.map((tail) => tail[0]))
  expect([...variants].sort()).toEqual(['8', '9', 'a', 'b'])
  for (let place = 1; place < tails[0]!.length; place++) {
    if (tails[0]![place] === '-') continue
    expect(new Set(tails.map((tail) => tail[place])).size, `place ${place}`).toBe(16)
  }
})
