import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { HeparError } from '../../engine/errors.ts'
import { adviceFor, checkDataFolder } from './data-folder.ts'
import { syncFolder } from './durable-file.ts'

const headerBytes = 100
const magic = 'SQLite format 3\0'

/**
 * Looks at the database file before SQLite touches it, because opening a damaged one may hide the damage; creates an
 * empty private one (0600) when there is none. `started` tells that the store has been in use before.
 * Throws `store_unavailable` with the next step.
 */
export function prepareStoreFile(file: string, { started }: { readonly started: boolean }): void {
  checkDataFolder(dirname(file))
  refuseOtherNames(file)
  if (existsSync(file)) checkStoreFile(file, started)
  else createStoreFile(file)
}

// The lock and the write-ahead log belong to a name: under two names, two processes would write into one database.
function refuseOtherNames(file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) throw refusal(file, `it is a link to ${readlinkSync(file)}: name that file in "store"`)
  if (found !== undefined && found.nlink > 1) {
    const next = 'remove the other name, or copy the file and put the copy in its place'
    throw refusal(file, `it has a second name (a hard link), under which another Hepar may use it: ${next}`)
  }
}

function checkStoreFile(file: string, started: boolean): void {
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
  } catch (cause) {
    throw refusal(file, adviceFor(cause), cause)
  }
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    if (size === 0 && (started || sizeOfWal(file) > 0)) throw truncated(file, 'it is empty')
    if (size > 0) checkSize(file, descriptor, size)
  } finally {
    closeSync(descriptor)
  }
}

function createStoreFile(file: string): void {
  if (sizeOfWal(file) > 0) throw refusal(file, `it is missing, but ${file}-wal is there: ${restore}`)
  try {
    closeSync(openSync(file, 'wx', 0o600))
    syncFolder(dirname(file))
  } catch (cause) {
    throw refusal(file, adviceFor(cause), cause)
  }
}

function checkSize(file: string, descriptor: number, size: number): void {
  const header = Buffer.alloc(headerBytes)
  readSync(descriptor, header, 0, headerBytes, 0)
  if (header.toString('latin1', 0, Math.min(size, magic.length)) !== magic.slice(0, size)) {
    throw refusal(file, `it is not a database: move it away, or ${restore}`)
  }
  if (size < headerBytes) throw truncated(file, `it has only ${size} bytes`)
  const rawPageBytes = header.readUInt16BE(16)
  const pageBytes = rawPageBytes === 1 ? 65_536 : rawPageBytes
  const pages = header.readUInt32BE(28)
  const present = Math.floor(size / pageBytes)
  if (present >= pages) return
  // A crash while the write-ahead log was copied back leaves a short file whose other pages are still in that log.
  const inWal = pagesInWal(file, pageBytes)
  for (let page = present + 1; page <= pages; page++) {
    if (!inWal.has(page)) throw truncated(file, `it has ${size} of ${pages * pageBytes} bytes`)
  }
}

function sizeOfWal(file: string): number {
  if (!existsSync(`${file}-wal`)) return 0
  const descriptor = openSync(`${file}-wal`, 'r')
  try {
    return fstatSync(descriptor).size
  } finally {
    closeSync(descriptor)
  }
}

function pagesInWal(file: string, pageBytes: number): ReadonlySet<number> {
  const walHeaderBytes = 32
  const frameHeaderBytes = 24
  const pages = new Set<number>()
  const size = sizeOfWal(file)
  if (size === 0) return pages
  const descriptor = openSync(`${file}-wal`, 'r')
  const number = Buffer.alloc(4)
  for (let offset = walHeaderBytes; offset < size; offset += frameHeaderBytes + pageBytes) {
    if (readSync(descriptor, number, 0, 4, offset) === 4) pages.add(number.readUInt32BE(0))
  }
  closeSync(descriptor)
  return pages
}

const restore = 'stop Hepar and restore the data folder from a backup'

function truncated(file: string, what: string): HeparError {
  return refusal(file, `it is truncated (${what}): ${restore}`)
}

function refusal(file: string, why: string, cause?: unknown): HeparError {
  return new HeparError('store_unavailable', `store ${file} cannot be used: ${why}`, { cause })
}
