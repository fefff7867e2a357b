import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DockerApi } from './docker-api.ts'

export const testImage = 'hepar-test/busybox'

const busybox = '/bin/busybox'

/** Makes the image of the tests from the machine's static busybox, unless the engine has it already. */
export async function importImage(api: DockerApi): Promise<string> {
  const known = await api.call('GET', `/images/${testImage}/json`, undefined, { accept: [404] })
  if (known.status === 200) return testImage
  await api.call('POST', `/images/create?fromSrc=-&repo=${testImage}&tag=latest`, rootFilesystem())
  return testImage
}

function rootFilesystem(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-image-'))
  try {
    for (const name of ['bin', 'tmp', 'etc']) mkdirSync(join(folder, name))
    copyFileSync(busybox, join(folder, 'bin/busybox'))
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet))
    }
    return execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 })
  } catch (cause) {
    throw new Error(`no test image could be made from ${busybox}: install busybox-static`, { cause })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
