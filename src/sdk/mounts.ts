import { readFileSync } from 'node:fs'

interface Mount {
  readonly device: string
  readonly at: string
}

/** What is mounted below a folder, and whether it is on the folder's own file system. */
export interface MountBelow {
  readonly at: string
  readonly sameFileSystem: boolean
}

/** Every mount below a folder, by the kernel's table. `folder` has no symbolic link in it. */
export function mountsBelow(
  folder: string,
  table = readFileSync('/proc/self/mountinfo', 'latin1'),
): readonly MountBelow[] {
  const mounts = table.split('\n').flatMap(readMount)
  const own = mounts.reduce<Mount | null>((found, mount) => {
    const holds = mount.at === folder || isBelow(folder, mount.at)
    // Of two mounts in one place the later one is seen.
    return holds && (found === null || mount.at.length >= found.at.length) ? mount : found
  }, null)
  return mounts
    .filter(({ at }) => isBelow(at, folder))
    .map(({ at, device }) => ({ at, sameFileSystem: own === null || device === own.device }))
}

function readMount(line: string): Mount[] {
  const [, , device = '', , at = ''] = line.split(' ')
  return at === '' ? [] : [{ device, at: unescaped(at) }]
}

/** The kernel writes space, tab, newline and backslash in octal. */
function unescaped(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder
}
