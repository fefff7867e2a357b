import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDockerClient } from '../../../src/adapters/docker/client.ts'
import { startDocker, type TestDocker } from '../../kit/docker.ts'
import { type DockerGateway, dockerGateway } from '../../kit/docker-gateway.ts'

const file = (name: string) => join(import.meta.dirname, '../../fixtures/docker-tls', name)
const tls = { ca: file('ca.pem'), cert: file('client.pem'), key: file('client-key.pem') }

let docker: TestDocker
let gateway: DockerGateway

beforeAll(async () => {
  docker = await startDocker()
  gateway = await dockerGateway(docker.socket, {
    tls: {
      ca: readFileSync(file('ca.pem')),
      cert: readFileSync(file('server.pem')),
      key: readFileSync(file('server-key.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    },
  })
})
afterAll(async () => {
  gateway.close()
  await docker.close()
})

const remote = (change: object = {}) => {
  return { name: 'h7', socket: null, url: `https://localhost:${gateway.port}`, tls, labelValues: [], ...change }
}

test('an engine behind TLS is reached with the certificates of its host', async () => {
  const container = await docker.runContainer({ created: true })
  const listed = await createDockerClient(remote()).listContainers({ all: true })
  expect(listed.map(({ Id }) => Id)).toContain(container.id)
})

test('an engine that does not know this client, or that this client does not know, is not spoken to', async () => {
  await expect(createDockerClient(remote({ tls: null })).listContainers()).rejects.toThrow(/certificate|alert/i)
  const stranger = { ...tls, cert: file('server.pem'), key: file('server-key.pem'), ca: file('client.pem') }
  await expect(createDockerClient(remote({ tls: stranger })).listContainers()).rejects.toThrow(/certificate|alert/i)
})

test('a certificate that is not there is an error that names the file', () => {
  expect(() => createDockerClient(remote({ tls: { ...tls, key: '/nowhere/key.pem' } }))).toThrow('/nowhere/key.pem')
})

test.each(['tcp://127.0.0.1:1', 'unix:///nowhere.sock'])('DOCKER_HOST=%s changes nothing', async (value) => {
  process.env.DOCKER_HOST = value
  try {
    const local = { name: 'local', socket: docker.socket, url: null, tls: null, labelValues: [] }
    await createDockerClient(local).ping()
    await createDockerClient(remote()).ping()
  } finally {
    delete process.env.DOCKER_HOST
  }
})
