import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import { containerAction, optedIn } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import { uniqueName } from '../kit/docker-container.ts'
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

describe('permission', () => {
  test('is by label or by allow-list, and absent otherwise', async () => {
    const plain = await on.start({ labels: {} })
    expect(await on.refused(plain.name)).toMatchObject({ final: true, refused: expect.stringMatching(/not opted in/) })
    await on.refused(plain.name, { allow: ['other/*', 'local/x*'] })
    expect((await on.planned(plain.name, {}, { allow: [`local/${plain.name}`] })).pin).toMatchObject({ id: plain.id })
    expect((await on.planned(plain.name, {}, { allow: ['local/hepar-test-*'] })).pin).toMatchObject({ id: plain.id })
  })

  test('is taken back by hepar.enable=false and by docker.protect, whatever else is said', async () => {
    const off = await on.start({ labels: { 'hepar.enable': 'false' } })
    expect((await on.refused(off.name, { allow: ['*'] })).refused).toMatch(/hepar.enable is "false"/)
    const odd = await on.start({ labels: { 'hepar.enable': 'True' } })
    expect((await on.refused(odd.name, { allow: ['*'] })).final).toBe(true)
    const container = await on.start()
    expect((await on.refused(container.name, { allow: ['*'], protect: ['local/hepar-*'] })).refused).toMatch(
      /docker.protect/,
    )
  })

  test('the log of a container that never opted in is not read', async () => {
    const plain = await on.start({ labels: {}, onStart: 'echo private' })
    expect(JSON.stringify(await on.refused(plain.name))).not.toMatch(/logs|private/)
  })

  test.each([
    ['Docker Swarm', { 'com.docker.swarm.service.name': 'web' }],
    ['Kubernetes', { 'io.kubernetes.pod.name': 'web' }],
    ['Nomad', { 'com.hashicorp.nomad.alloc_id': 'x' }],
  ])('is refused for what %s manages', async (manager, labels) => {
    const container = await on.start({ labels: { ...optedIn, ...labels } })
    const refusal = await on.refused(container.name)
    expect(refusal.refused).toContain(`${manager} manages it`)
    expect(refusal.final).toBe(true)
  })

  test('is refused for a name only Kubernetes gives', async () => {
    const container = await on.start({ name: uniqueName('k8s_web') })
    expect((await on.refused(container.name)).refused).toContain('Kubernetes manages it')
  })

  test('is refused where a stop would remove the container', async () => {
    const container = await on.start({ hostConfig: { AutoRemove: true } })
    expect(await on.refused(container.name)).toMatchObject({ final: true, refused: expect.stringMatching(/--rm/) })
  })

  test('is refused for the container in which Hepar runs, known by its full or its short id', async () => {
    const container = await on.start()
    for (const id of [container.id, container.id.slice(0, 12)]) {
      const refusal = await on.refused(container.name, { self: { containerIds: ['f'.repeat(64), id] } })
      expect(refusal).toMatchObject({ final: true, refused: expect.stringMatching(/Hepar itself runs in it/) })
    }
    await on.planned(container.name, {}, { self: { containerIds: [''] } })
  })
})

describe('a container that is not in a state to be restarted is left for later', () => {
  test('restarting', async () => {
    const container = await on.start({ afterwards: 1, hostConfig: { RestartPolicy: { Name: 'always' } } })
    // The engine waits longer after each crash, so that the state lasts.
    await container.until('crashing', (seen) => seen.RestartCount >= 4 && seen.State.Status === 'restarting')
    const refusal = await on.refused(container.name)
    expect(refusal).toMatchObject({ final: false, refused: expect.stringMatching(/already restarting/) })
    expect(refusal.evidence).toMatchObject({ exitCode: 1, logs: [] })
  })

  test('starting', async () => {
    const container = await on.start({ health: 'heals', intervalMs: 600_000 })
    expect(await on.refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/already starting/),
    })
  })

  test('paused', async () => {
    const container = await on.start()
    await container.post('pause')
    expect(await on.refused(container.name)).toMatchObject({ final: false, refused: expect.stringMatching(/paused/) })
    await container.post('unpause')
    await on.planned(container.name)
  })

  test('never started', async () => {
    const container = await on.start({ created: true })
    expect(await on.refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/never been started/),
    })
  })
})
