import { expect, test } from 'vitest'
import { createBatches } from '../../src/engine/receive/batches.ts'

/** Batches of numbers that end when the test lets them; each number weighs itself. */
function held({ sizeMax = 10, mayDiffer = true } = {}) {
  const begun: { readonly items: readonly number[]; readonly end: PromiseWithResolvers<void> }[] = []
  const starts: (() => void)[] = []
  const add = createBatches<number, string>(
    async (take) => {
      await new Promise<void>((resolve) => starts.push(resolve))
      const items = take()
      const end = Promise.withResolvers<void>()
      begun.push({ items, end })
      await end.promise
      return items.map((item) => `done ${item}`)
    },
    { sizeOf: (item) => item, sizeMax, mayDiffer: () => mayDiffer },
  )
  const begin = async () => {
    const before = begun.length
    await expect.poll(() => starts.length).toBeGreaterThan(0)
    starts.shift()?.()
    await expect.poll(() => begun.length).toBe(before + 1)
    return begun[before]!
  }
  return { add, begin, waiting: () => starts.length }
}

test('what waits at the same moment is done together, and each is told its own result', async () => {
  const { add, begin, waiting } = held()
  const results = Promise.all([add(1), add(2), add(3)])
  expect(waiting()).toBe(1)
  const { items, end } = await begin()
  expect(items).toEqual([1, 2, 3])
  end.resolve()
  expect(await results).toEqual(['done 1', 'done 2', 'done 3'])
})

test('what comes after a batch has begun waits for the next', async () => {
  const { add, begin } = held()
  const first = add(1)
  const { end } = await begin()
  const second = add(2)
  const next = await begin()
  expect(next.items).toEqual([2])
  next.end.resolve()
  expect(await second).toBe('done 2')
  end.resolve()
  expect(await first).toBe('done 1')
})

test('a batch has a size, and what is larger than that is done alone', async () => {
  const { add, begin } = held({ sizeMax: 10 })
  const results = Promise.all([add(6), add(4), add(1), add(20), add(2)])
  const batches: (readonly number[])[] = []
  for (let batch = 0; batch < 4; batch += 1) {
    const { items, end } = await begin()
    batches.push(items)
    end.resolve()
  }
  expect(batches).toEqual([[6, 4], [1], [20], [2]])
  expect(await results).toEqual([6, 4, 1, 20, 2].map((item) => `done ${item}`))
})

test('where a batch fails, each is done alone, so that one alone may fail', async () => {
  const { add, begin } = held()
  const results = Promise.allSettled([add(1), add(2), add(3)])
  const together = await begin()
  together.end.reject(new Error('together'))
  for (let item = 1; item <= 3; item += 1) {
    const alone = await begin()
    expect(alone.items).toEqual([item])
    if (item === 2) alone.end.reject(new Error('two'))
    else alone.end.resolve()
  }
  expect(await results).toEqual([
    { status: 'fulfilled', value: 'done 1' },
    { status: 'rejected', reason: new Error('two') },
    { status: 'fulfilled', value: 'done 3' },
  ])
})

test('what would fail alone as well is not tried again', async () => {
  const { add, begin, waiting } = held({ mayDiffer: false })
  const results = Promise.allSettled([add(1), add(2)])
  const { end } = await begin()
  end.reject(new Error('the disk is full'))
  expect(await results).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(waiting()).toBe(0)
})
