import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDocker, type TestDocker } from './docker.ts'

let docker: TestDocker
beforeAll(async () => {
  docker = await startDocker()
})
afterAll(() => docker.close())

test('a restart heals the container that was asked to heal, and the witness counts it once', async () => {
  const witness = await docker.witness()
  const container = await docker.runContainer({ health: 'heals' })
  await container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  await container.post('restart?t=5')
  await container.until('healthy again', (seen) => seen.State.Health?.Status === 'healthy')
  await witness.settle()
  expect(witness.count(container.name, 'restart')).toBe(1)
  expect(witness.count(container.id, 'start')).toBe(2)
  expect(witness.count(container.id, 'die')).toBe(1)
})

test('a restart does not heal the container that was asked to stay ill', async () => {
  const container = await docker.runContainer({ health: 'stays_ill' })
  await container.makeIll()
  await container.post('restart?t=5')
  await container.until('unhealthy again', (seen) => seen.State.Health?.Status === 'unhealthy')
})
