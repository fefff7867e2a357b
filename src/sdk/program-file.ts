import { accessSync, constants, lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The very file of a program, links followed. A new version of it is another one. */
export interface ProgramFile {
  readonly path: string
  readonly device: number
  readonly inode: number
  readonly bytes: number
  readonly changedMs: number
}

export type ProgramReading =
  | { readonly ok: true; readonly program: ProgramFile }
  /** `final: false` means that it may pass later. */
  | { readonly ok: false; readonly reason: string; readonly final: boolean }

const linksMax = 20

/** Looks whether a program may be run: nobody but root and the user that runs Hepar can have written it, or put it there. */
export function readProgramFile(file: string): ProgramReading {
  try {
    return readAlongLinks(file)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    return { ok: false, reason: `${file} cannot be looked at (${code}): correct its path`, final: false }
  }
}

function readAlongLinks(file: string): ProgramReading {
  let path = file
  for (let links = 0; links < linksMax; links++) {
    const folder = realpathSync(dirname(path))
    path = join(folder, basename(path))
    const stat = lstatSync(path)
    const foreign = whyFolderForeign(folder) ?? (stat.isSymbolicLink() ? null : whyWritable(path, stat))
    if (foreign !== null) return { ok: false, reason: foreign, final: true }
    if (!stat.isSymbolicLink()) return readEnd(file, path, stat)
    path = resolve(folder, readlinkSync(path))
  }
  return { ok: false, reason: `${file} leads along too many links: correct its path`, final: true }
}

function readEnd(file: string, path: string, { dev, ino, size, ctimeMs, ...stat }: Stats): ProgramReading {
  if ((stat.mode & constants.S_IFMT) !== constants.S_IFREG)
    return { ok: false, reason: `${file} is no file`, final: true }
  try {
    accessSync(path, constants.X_OK)
  } catch {
    return { ok: false, reason: `${file} may not be run: chmod +x it for the user that runs Hepar`, final: true }
  }
  return { ok: true, program: { path, device: dev, inode: ino, bytes: size, changedMs: Math.floor(ctimeMs) } }
}

/** Who can write a folder above a file can put another one in its place. */
function whyFolderForeign(folder: string): string | null {
  for (let above = folder; ; above = dirname(above)) {
    const stat = statSync(above)
    // In a folder with the sticky bit nobody can replace what is not his own.
    const sticky = (stat.mode & 0o1000) !== 0 && isOurs(stat.uid)
    const foreign = sticky ? null : whyWritable(above, stat)
    if (foreign !== null || above === '/') return foreign
  }
}

function whyWritable(path: string, { uid, gid, mode }: Stats): string | null {
  if (!isOurs(uid)) return `${path} belongs to user ${uid}, who could change it: give it to root or to Hepar's user`
  if ((mode & 0o002) !== 0) return `anybody can write ${path}: chmod o-w it`
  const groupOurs = gid === 0 || gid === process.getgid?.()
  return (mode & 0o020) === 0 || groupOurs ? null : `group ${gid} can write ${path}: chmod g-w it`
}

function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.()
}
