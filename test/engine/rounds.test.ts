import { expect, test } from 'vitest'
import { createRounds } from '../../src/engine/rounds.ts'

/** Rounds whose work ends when the test lets it. */
function held(pauseMs: () => number | null = () => null) {
  const begun: PromiseWithResolvers<void>[] = []
  const errors: unknown[] = []
  const work = () => {
    const round = Promise.withResolvers<void>()
    begun.push(round)
    return round.promise
  }
  return { begun, errors, rounds: createRounds(work, { pauseMs, onError: (error) => errors.push(error) }) }
}

test('kicked while one is under way, exactly one more follows', async () => {
  const { begun, rounds } = held()
  rounds.kick()
  rounds.kick()
  rounds.kick()
  expect(begun).toHaveLength(1)
  begun[0]?.resolve()
  await expect.poll(() => begun.length).toBe(2)
  begun[1]?.resolve()
  await rounds.close()
  expect(begun).toHaveLength(2)
})

test('after a pause it works again, also after a failure, which is told', async () => {
  const { begun, errors, rounds } = held(() => 1)
  rounds.kick()
  begun[0]?.reject(new Error('no luck'))
  await expect.poll(() => begun.length).toBe(2)
  expect(errors).toEqual([new Error('no luck')])
  begun[1]?.resolve()
  await expect.poll(() => begun.length).toBe(3)
  begun[2]?.resolve()
  await rounds.close()
})

test('closing waits for the round under way, and none follows', async () => {
  const { begun, rounds } = held(() => 1)
  rounds.kick()
  rounds.kick()
  let closed = false
  const closing = rounds.close().then(() => {
    closed = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toBe(false)
  begun[0]?.resolve()
  await closing
  rounds.kick()
  expect(begun).toHaveLength(1)
})
