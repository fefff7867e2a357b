import { expect, test } from 'vitest'
import { atSocket, enginePlaces } from '../../src/demo/live/engine-places.ts'
import { findNeeds } from '../../src/demo/live/needs.ts'

const { signal } = new AbortController()

test('what --live lacks is named at once, with the line that installs it', async () => {
  const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }
  await expect(findNeeds(signal, env, '/nowhere')).rejects.toMatchObject({
    message: expect.stringMatching(
      /prometheus is not on PATH; prometheus-alertmanager .*; no Docker engine answers at \/nowhere\/docker\.sock$/,
    ),
    next: expect.stringMatching(
      /^Install what is missing: sudo apt-get install --no-install-recommends prometheus prometheus-alertmanager docker\.io busybox-static\n/,
    ),
  })
})

test.each([
  [{}, [atSocket('/var/run/docker.sock')]],
  [{ XDG_RUNTIME_DIR: '/run/user/7' }, [atSocket('/var/run/docker.sock'), atSocket('/run/user/7/docker.sock')]],
  [{ DOCKER_HOST: 'unix:///x.sock' }, [atSocket('/x.sock')]],
  [
    { DOCKER_HOST: 'tcp://h7' },
    [
      {
        words: 'http://h7:2375',
        connection: { protocol: 'http', host: 'h7', port: 2375 },
        config: { url: 'http://h7:2375' },
      },
    ],
  ],
])('with %j the engine is looked for where Docker itself would look', (env, places) => {
  expect(enginePlaces(env)).toEqual(places)
})

test('an address that Hepar cannot reach is refused with the next step', () => {
  expect(() => enginePlaces({ DOCKER_HOST: 'ssh://h7' })).toThrow(
    expect.objectContaining({ next: 'Use unix:// or tcp://, or unset it.' }),
  )
})
