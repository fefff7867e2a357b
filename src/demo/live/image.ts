import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { openDocker } from '../../sdk/container-engine.ts'
import { DemoFailure } from '../failure.ts'
import type { Scene } from '../scene.ts'

type Docker = ReturnType<typeof openDocker>

/** An image with busybox: one that the engine has, or one made from the machine's own, which goes with the scene. */
export async function busyboxImage(
  docker: Docker,
  busybox: string | null,
  { folder, closing }: Scene,
): Promise<string> {
  const [known] = await docker.listImages({ filters: { reference: ['busybox'] } })
  if (known !== undefined) return known.RepoTags?.[0] ?? known.Id
  if (busybox === null) {
    throw new DemoFailure(
      'the engine has no busybox image, and there is no static busybox to make one from',
      'Install it (sudo apt-get install --no-install-recommends busybox-static), or pull one (docker pull busybox).',
    )
  }
  const tar = Readable.from([rootFilesystem(busybox, join(folder, 'image'))])
  // A name of its own: another demo on this engine removes what it has made.
  const [repo, tag] = ['hepar-demo/busybox', randomBytes(3).toString('hex')] as const
  const name = `${repo}:${tag}`
  const progress = (await docker.importImage(tar, { repo, tag })) as Readable
  for await (const _ of progress.resume());
  closing.defer(() => docker.getImage(name).remove({ force: true }))
  return name
}

function rootFilesystem(busybox: string, folder: string): Buffer {
  for (const part of ['bin', 'tmp', 'etc', 'work']) mkdirSync(join(folder, part), { recursive: true })
  copyFileSync(busybox, join(folder, 'bin/busybox'))
  const { stdout } = spawnSync(busybox, ['--list'], { encoding: 'utf8' })
  for (const applet of stdout.split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet))
  }
  const { status, stdout: archive } = spawnSync(busybox, ['tar', '-C', folder, '-c', '.'], { maxBuffer: 64 * 2 ** 20 })
  if (status !== 0) throw new DemoFailure(`no image could be made from ${busybox}: tar ended with ${status}`)
  return archive
}
