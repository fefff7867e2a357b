import { expect, test } from 'vitest'
import { busyboxImage } from '../../src/demo/live/image.ts'
import { findProgram } from '../../src/demo/program.ts'
import { openDocker } from '../../src/sdk/container-engine.ts'
import { startDockerEngine } from '../kit/docker-engine.ts'
import { tempFolder } from '../kit/temp.ts'

test('two demos at once on one engine have an image each, and leave none behind', async () => {
  await using cleanup = new AsyncDisposableStack()
  const folder = cleanup.use(await tempFolder('image'))
  const { socket, close } = await startDockerEngine()
  cleanup.defer(close)
  const docker = openDocker({ socketPath: socket })
  const before = await docker.listImages()
  const demo = (name: string) => {
    const closing = new AsyncDisposableStack()
    const scene = { folder: folder.file(name), tell: () => {}, signal: new AbortController().signal, closing }
    return { closing, image: busyboxImage(docker, findProgram(['busybox']), scene) }
  }
  const [one, other] = [demo('one'), demo('other')]
  expect(await one.image).not.toBe(await other.image)
  await one.closing.disposeAsync()
  const names = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])
  expect(names.some((name) => name.startsWith('hepar-demo/'))).toBe(true)
  await other.closing.disposeAsync()
  expect(await docker.listImages()).toEqual(before)
}, 60_000)
