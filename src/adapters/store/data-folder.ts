import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { HeparError, messageOf } from '../../engine/errors.ts'

/** Creates the data folder (0700) when only its last part is missing. Throws `store_unavailable` with the next step. */
export function prepareDataFolder(folder: string): void {
  const words = `data folder ${folder}`
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') throw unusable(words, `${dirname(folder)} does not exist: create it first`, cause)
    if (code !== 'EEXIST') throw unusable(words, adviceFor(cause), cause)
  }
  checkDataFolder(folder, words)
}

/** Throws `store_unavailable`, with the next step and the folder in these words, unless it is there and writable. */
export function checkDataFolder(folder: string, words = `data folder ${folder}`): void {
  try {
    if (!statSync(folder).isDirectory()) throw unusable(words, 'it is not a folder: choose another')
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    if (cause instanceof HeparError) throw cause
    throw unusable(words, adviceFor(cause), cause)
  }
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist: create it, writable for the user that runs Hepar',
  ENOTDIR: 'a part of its path is not a folder: choose another',
  EACCES: 'access is denied: make it readable and writable for the user that runs Hepar',
  EPERM: 'access is denied: make it readable and writable for the user that runs Hepar',
  EROFS: 'its file system is read-only: remount it writable or choose another place',
  ENOSPC: 'the disk is full: free some space',
}

/** The next step for an error of the file system, in words. */
export function adviceFor(error: unknown): string {
  return advice[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error)
}

function unusable(words: string, why: string, cause?: unknown): HeparError {
  return new HeparError('store_unavailable', `${words} cannot be used: ${why}`, { cause })
}
