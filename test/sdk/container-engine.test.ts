import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import { openContainerEngine } from '../../src/sdk/container-engine.ts'
import { containerAction, optedIn } from '../kit/container-action.ts'
import { onEngine, startDocker, type TestDocker } from '../kit/docker.ts'
import { startDockerEngine } from '../kit/docker-engine.ts'
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

describe('an engine that cannot be asked', () => {
  const secretKey = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0'

  test.each([
    [
      'has no socket',
      { socketPath: '/nowhere/docker.sock' },
      /host "local" \(\/nowhere\/docker\.sock\) does not answer: ENOENT; start/,
    ],
    [
      'refuses',
      { protocol: 'http', host: '127.0.0.1', port: 1 },
      /http:\/\/127\.0\.0\.1:1\) does not answer: ECONNREFUSED; start/,
    ],
    [
      'cannot be found',
      { protocol: 'http', host: 'nowhere.invalid', port: 1 },
      /does not answer: E\w+; check its name/,
    ],
    [
      'has a broken key',
      { protocol: 'https', host: '127.0.0.1', port: 1, ca: 'x', cert: 'x', key: secretKey },
      /host "local"/,
    ],
  ])('and %s is told of with the next step, and without secrets', async (_, connection, message) => {
    const error = await on.plan('web', { docker: connection }).catch((thrown: unknown) => thrown as Error)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toContain('c2VjcmV0')
  })

  test('is not replaced by the one that DOCKER_HOST names', async () => {
    const container = await on.start()
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1'
    try {
      expect((await on.planned(container.name)).pin).toMatchObject({ id: container.id })
    } finally {
      delete process.env.DOCKER_HOST
    }
  })
})

test('a restart that was cancelled before it was asked for has certainly not begun', async () => {
  const engine = openContainerEngine('local', { socketPath: docker.socket })
  const error = await engine.restart('f'.repeat(64), 1, AbortSignal.abort()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ message: expect.stringMatching(/nothing was done/) })
  expect(error).not.toHaveProperty('code')
})

test('an engine that ends, or hangs, in the middle of a restart leaves its outcome unknown', async () => {
  const engine = await startDockerEngine()
  try {
    const own = onEngine(engine.api)
    const change = { docker: { socketPath: engine.socket } }
    const container = await own.runContainer({ labels: optedIn, afterwards: 'ignore' })
    const seen = await own.witness()
    const made = await on.planned(container.name, { grace: '30s' }, change)

    engine.freeze()
    const frozen = on.run(made, { signal: AbortSignal.timeout(300), change })
    await expect(frozen).rejects.toThrow(/did not answer in time/)
    engine.thaw()
    await seen.settle()
    expect(seen.count(container.id, 'restart')).toBe(0)

    const ended = on.run(made, { change }).catch((error: unknown) => error)
    await expect.poll(() => seen.count(container.id, 'kill')).toBe(1)
    await engine.kill()
    expect(await ended).toMatchObject({ code: 'outcome_unknown' })
    await expect(on.planned(container.name, {}, change)).rejects.toThrow(/does not answer: E\w+; start the engine/)
    await expect(on.verify(made, Date.now(), Date.now(), { change })).rejects.toThrow(/does not answer/)
  } finally {
    await engine.close()
  }
})
