import { expect, test } from 'vitest'
import { listenForSignals } from '../../src/app/signals.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a storm of hang-ups leads to one reload now and one more afterwards, however many there were', async () => {
  using signals = listenForSignals()
  process.emit('SIGHUP')
  const running: (() => void)[] = []
  signals.onHangUp(() => new Promise((resolve) => running.push(resolve)))
  expect(running).toHaveLength(1)
  for (let count = 0; count < 100; count++) process.emit('SIGHUP')
  await turn()
  expect(running).toHaveLength(1)
  running[0]?.()
  await turn()
  expect(running).toHaveLength(2)
  running[1]?.()
  await turn()
  expect(running).toHaveLength(2)
  process.emit('SIGHUP')
  expect(running).toHaveLength(3)
})
