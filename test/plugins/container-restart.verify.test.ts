import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import { containerAction, healthy } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'

let docker: TestDocker
let witness: DockerWitness
let on: ReturnType<typeof containerAction<typeof restart.params>>

beforeAll(async () => {
  docker = await startDocker()
  witness = await docker.witness()
  on = containerAction(restart, docker, witness)
})
afterAll(() => docker.close())

describe('verification', () => {
  test('does not pass on a health check that says starting, nor on one that says unhealthy', async () => {
    const container = await on.start({ health: 'stays_ill', intervalMs: 1_500 })
    await healthy(container)
    await container.makeIll()
    const made = await on.planned(container.name)
    const intendedAt = Date.now()
    await on.run(made)
    const effectEndedAt = Date.now()
    expect(await on.verify(made, intendedAt, effectEndedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/"starting"/),
    })
    await container.until('unhealthy', (seen) => seen.State.Health?.Status === 'unhealthy')
    expect(await on.verify(made, intendedAt, effectEndedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/"unhealthy"/),
    })
  })

  test('does not pass on a start that is older than the intent, whoever caused it', async () => {
    const container = await on.start()
    const made = await on.planned(container.name)
    await container.post('restart?t=5')
    const later = Date.now() + 60_000
    expect(await on.verify(made, later, later)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/before the restart/),
    })
  })

  test('does not pass on a container that keeps crashing after the restart', async () => {
    const container = await on.start()
    const made = await on.planned(container.name)
    const intendedAt = Date.now()
    await on.run(made)
    await container.post('restart?t=5')
    const longAgo = Date.now() - 60_000
    expect(await on.verify(made, intendedAt - 60_000, longAgo)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/does not stay up/),
    })
  })

  test('passes on a start within the grace of a restart that nobody saw the end of, and on no later one', async () => {
    const container = await on.start()
    const made = await on.planned(container.name, { grace: '10s' })
    const intendedAt = Date.now()
    await on.run(made)
    const started = Date.now()
    expect(await on.verify(made, intendedAt - 60_000, started - 15_000, { effectSeen: false })).toMatchObject({
      passed: true,
    })
    expect(await on.verify(made, intendedAt - 60_000, started - 15_000)).toMatchObject({ passed: false })
    expect(await on.verify(made, intendedAt - 60_000, started - 40_000, { effectSeen: false })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/does not stay up/),
    })
  })

  test('does not pass on a container that ended again', async () => {
    const container = await on.start({ onStart: '[ ! -e /once ] || exit 9; touch /once' })
    const made = await on.planned(container.name)
    const intendedAt = Date.now()
    await on.run(made)
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    expect(await on.verify(made, intendedAt)).toMatchObject({ passed: false, detail: 'it is exited, exit code 9' })
  })
})
