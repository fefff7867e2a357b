import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { formatBytes } from '../domain/bytes.ts'
import { mappedFilesOf } from './mapped-files.ts'
import { printable } from './printable.ts'

/** A regular file that a process holds open, or has in its memory. */
export interface OpenFile {
  readonly pid: number
  readonly command: string
  readonly inode: number
  readonly bytes: number
  /** True for one without a name any more: its space comes back when it is closed. */
  readonly removed: boolean
}

export interface OpenFiles {
  readonly files: readonly OpenFile[]
  /** Processes that could not be looked into, as those of another user. */
  readonly unseen: number
}

const limits = { descriptorsMax: 200_000, commandCharsMax: 40, holdersShown: 5 } as const

/** The regular files on one file system that processes hold, by /proc. */
export function openFilesOn(device: number): OpenFiles {
  const files: OpenFile[] = []
  let unseen = 0
  let looked = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const descriptors = looked < limits.descriptorsMax ? descriptorsOf(pid) : null
    if (descriptors === null) unseen += 1
    if (descriptors !== null) files.push(...mappedBy(pid, device))
    for (const descriptor of descriptors ?? []) {
      looked += 1
      const file = readDescriptor(pid, descriptor, device)
      if (file !== null) files.push(file)
    }
  }
  return { files: distinct(files), unseen }
}

/** `null` for what may not be looked into; empty for what is gone. */
function descriptorsOf(pid: string): readonly string[] | null {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch (error) {
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : []
  }
}

function readDescriptor(pid: string, descriptor: string, device: number): OpenFile | null {
  const link = `/proc/${pid}/fd/${descriptor}`
  try {
    // Pipes, sockets and the like have no path, and looking at what they are would be in vain.
    if (!readlinkSync(link).startsWith('/')) return null
    const seen = statSync(link)
    if (!seen.isFile() || seen.dev !== device) return null
    return {
      pid: Number(pid),
      command: commandOf(pid),
      inode: seen.ino,
      bytes: seen.blocks * 512,
      removed: seen.nlink === 0,
    }
  } catch {
    return null
  }
}

function mappedBy(pid: string, device: number): readonly OpenFile[] {
  try {
    return mappedFilesOf(pid, device).map((file) => ({ pid: Number(pid), command: commandOf(pid), ...file }))
  } catch {
    return []
  }
}

function commandOf(pid: string): string {
  return printable(readFileSync(`/proc/${pid}/comm`, 'utf8'), limits.commandCharsMax)
}

/** A process may hold one file by several descriptors, and have it in its memory, too: then the descriptor knows the size. */
function distinct(files: readonly OpenFile[]): readonly OpenFile[] {
  return [...new Map(files.map((file) => [`${file.pid}:${file.inode}`, file])).values()]
}

/** Who holds how much, the largest first, in words such as `1.5 GiB by java (pid 12)`; empty for no files. */
export function holdersInWords(files: readonly OpenFile[]): string {
  const holders = [...Map.groupBy(files, ({ pid }) => pid).values()]
    .map((held) => ({ ...(held[0] as OpenFile), bytes: held.reduce((sum, { bytes }) => sum + bytes, 0) }))
    .sort((a, b) => b.bytes - a.bytes)
  const shown = holders.slice(0, limits.holdersShown)
  const words = shown.map(({ bytes, command, pid }) => `${formatBytes(bytes)} by ${command} (pid ${pid})`)
  return [...words, ...(holders.length > shown.length ? [`and ${holders.length - shown.length} more`] : [])].join(', ')
}
