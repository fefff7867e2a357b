import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { mountsBelow } from './mounts.ts'

/** The very folder that was opened, whatever happens to its path. */
export interface OpenFolder extends Disposable {
  /** Leads to it and to nothing else, for as long as it is open. */
  readonly at: string
  readonly device: number
  readonly inode: number
}

/** `final: false` means that it may pass later. */
export interface FolderRefusal {
  readonly refused: string
  readonly final: boolean
}

/** Opens a folder by a path without any symbolic link in it, or says why that cannot be. */
export function openFolder(path: string): OpenFolder | FolderRefusal {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  let descriptor: number
  try {
    descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  } catch (error) {
    return whyNotOpened(path, error)
  }
  const real = readlinkSync(`/proc/self/fd/${descriptor}`)
  if (real !== path) {
    closeSync(descriptor)
    return { refused: `${path} is reached by a symbolic link: configure the folder itself, ${real}`, final: true }
  }
  const { dev, ino } = fstatSync(descriptor)
  return {
    at: `/proc/${process.pid}/fd/${descriptor}`,
    device: dev,
    inode: ino,
    [Symbol.dispose]: () => closeSync(descriptor),
  }
}

function whyNotOpened(path: string, error: unknown): FolderRefusal {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return { refused: `there is no folder ${path}`, final: false }
  if (code === 'ELOOP' || code === 'ENOTDIR') {
    return { refused: `${path} is no folder, or a symbolic link: configure the folder itself`, final: true }
  }
  return { refused: `${path} cannot be opened (${code}): let the user that runs Hepar read it`, final: false }
}

/** Why nothing may be removed below this folder, or `null`. `keepOut` is what must not be reached. */
export function whyNotCleaned(
  path: string,
  folder: Pick<OpenFolder, 'device' | 'inode'>,
  keepOut: readonly { readonly path: string; readonly what: string }[],
): FolderRefusal | null {
  const own = `${folder.device}:${folder.inode}`
  const never = own === identityOf('/') ? `${path} is the root of the file system` : whyKeptOut(path, own, keepOut)
  if (never !== null) return { refused: never, final: true }
  const double = mountsBelow(path).find(({ sameFileSystem }) => sameFileSystem)
  if (double === undefined) return null
  // A search that stays on one file system would walk into it.
  return { refused: `another place of the same file system is mounted below it, at ${double.at}`, final: false }
}

function whyKeptOut(path: string, own: string, keepOut: Parameters<typeof whyNotCleaned>[2]): string | null {
  const above = identitiesUpFrom(path)
  for (const { path: kept, what } of keepOut) {
    // By identity and not by name, for a folder can be mounted in a second place.
    const upFromKept = identitiesUpFrom(kept)
    if (upFromKept.includes(own)) return `${path} holds ${what} (${kept})`
    if (upFromKept[0] !== undefined && above.includes(upFromKept[0])) return `${path} lies in ${what} (${kept})`
  }
  return null
}

/** The identities of what a path leads to and of every folder above it; empty for a path that leads nowhere. */
function identitiesUpFrom(path: string): readonly string[] {
  const found: string[] = []
  let at: string
  try {
    at = realpathSync(path)
  } catch {
    return found
  }
  for (; ; at = dirname(at)) {
    found.push(identityOf(at))
    if (at === '/') return found
  }
}

function identityOf(path: string): string {
  const { dev, ino } = statSync(path)
  return `${dev}:${ino}`
}
