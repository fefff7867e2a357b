import { readFileSync } from 'node:fs'

/** A file of which a process has a part in its memory: a program or library that runs, or data. It need not hold it open. */
export interface MappedFile {
  readonly inode: number
  /** How much of it is in the memory's address space. */
  readonly bytes: number
  readonly removed: boolean
}

const gone = ' (deleted)'

/** The files on one file system that a process has mapped; none of one that may not be looked into. */
export function mappedFilesOf(pid: string, device: number): readonly MappedFile[] {
  const found = new Map<number, MappedFile>()
  for (const line of mapsOf(pid).split('\n')) {
    const [range = '', , , on = '', number = '', ...path] = line.split(/ +/)
    if (on !== kernelName(device) || number === '0') continue
    const inode = Number(number)
    const [start = 0, end = 0] = range.split('-').map((address) => Number.parseInt(address, 16))
    const bytes = (found.get(inode)?.bytes ?? 0) + end - start
    found.set(inode, { inode, bytes, removed: path.join(' ').endsWith(gone) })
  }
  return [...found.values()]
}

/** A device as the kernel writes it in the table of mappings, such as `fe:00`. */
function kernelName(device: number): string {
  const number = BigInt(device)
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n)
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n)
  return `${hex(major)}:${hex(minor)}`
}

function hex(number: bigint): string {
  return number.toString(16).padStart(2, '0')
}

function mapsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1')
  } catch {
    return ''
  }
}
