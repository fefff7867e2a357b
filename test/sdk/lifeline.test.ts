import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import { containerAction } from '../kit/container-action.ts'
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

describe('a lifeline', () => {
  const lifeline = (host: string, port: number) => ({ lifelines: [{ host, port, what: 'Prometheus of source main' }] })

  test('is what publishes the port of Hepar’s Prometheus on this host, by whatever name the host is called', async () => {
    const bindings = { '9090/tcp': [{ HostIp: '127.0.0.1', HostPort: '19090' }] }
    const container = await on.start({ hostConfig: { PortBindings: bindings } })
    for (const host of ['localhost', '127.0.0.1', '0.0.0.0', hostname()]) {
      const refusal = await on.refused(container.name, lifeline(host, 19_090))
      expect(refusal).toMatchObject({ final: true, refused: expect.stringMatching(/Prometheus of source main/) })
    }
    await on.planned(container.name, {}, lifeline('localhost', 9090))
    await on.planned(container.name, {}, lifeline('192.0.2.7', 19_090))
  })

  test('is held back, not refused, while its host’s name cannot be resolved', async () => {
    const container = await on.start({
      hostConfig: { PortBindings: { '1/tcp': [{ HostPort: '19000-19099' }] } },
      created: true,
    })
    const refusal = await on.refused(container.name, lifeline('nowhere.invalid', 19_090))
    expect(refusal).toMatchObject({ final: false, refused: expect.stringMatching(/cannot be found out/) })
  })

  test('is what has the port on the network of the host itself', async () => {
    const container = await on.start({
      hostConfig: { NetworkMode: 'host' },
      config: { ExposedPorts: { '9090/tcp': {} } },
    })
    expect((await on.refused(container.name, lifeline('localhost', 9090))).final).toBe(true)
    await on.planned(container.name, {}, lifeline('localhost', 9093))
  })

  test('is what answers to its name, or to an alias of it on a network', async () => {
    const network = uniqueName()
    await docker.api.call('POST', '/networks/create', { Name: network })
    try {
      const alias = uniqueName('prometheus')
      const container = await on.start({
        hostConfig: { NetworkMode: network },
        networks: { [network]: { Aliases: [alias] } },
      })
      for (const host of [container.name, alias, alias.toUpperCase(), `${alias}.${network}`]) {
        expect((await on.refused(container.name, lifeline(host, 1))).final).toBe(true)
      }
      await on.planned(container.name, {}, lifeline(`${alias}x`, 1))
      await container.remove()
    } finally {
      await docker.api.call('DELETE', `/networks/${network}`)
    }
  })
})
