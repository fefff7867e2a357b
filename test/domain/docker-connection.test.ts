import { expect, test } from 'vitest'
import type { DockerHost } from '../../src/domain/config.ts'
import { describeConnection, dockerConnection } from '../../src/domain/docker-connection.ts'

const tls = { ca: '/tls/ca', cert: '/tls/cert', key: '/tls/key' }
const host = (change: Partial<DockerHost>): DockerHost => {
  return { name: 'h7', socket: null, url: null, tls: null, labelValues: [], ...change }
}
const read = (file: string) => `text of ${file}`

test.each([
  [{ socket: '/run/docker.sock' }, { socketPath: '/run/docker.sock' }],
  [{ url: 'http://h7' }, { protocol: 'http', host: 'h7', port: 2375 }],
  [{ url: 'tcp://h7:99' }, { protocol: 'http', host: 'h7', port: 99 }],
  [{ url: 'https://h7' }, { protocol: 'https', host: 'h7', port: 2376 }],
  [
    { url: 'tcp://h7:2376', tls },
    {
      protocol: 'https',
      host: 'h7',
      port: 2376,
      ca: 'text of /tls/ca',
      cert: 'text of /tls/cert',
      key: 'text of /tls/key',
    },
  ],
])('the host %o is reached so', (change, connection) => {
  expect(dockerConnection(host(change), read)).toEqual(connection)
})

test('a host without an address is an error that names it', () => {
  expect(() => dockerConnection(host({}), read)).toThrow(/docker\.hosts\.h7/)
})

test('a description shows the address and no key', () => {
  const connection = dockerConnection(host({ url: 'https://h7:2376', tls }), read)
  expect(describeConnection(connection)).toBe('https://h7:2376')
})
