import { type Stats, statSync } from 'node:fs'

const words: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'let the user that runs Hepar read it and enter its folder',
  EPERM: 'let the user that runs Hepar read it and enter its folder',
  ELOOP: 'its links lead round in a circle',
}

/** Why a file or folder cannot be read, in words that follow its name, with the code of the error and what to do. */
export function whyUnreadable(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  const known = words[code]
  return known === undefined ? `cannot be read (${code})` : `cannot be read (${code}): ${known}`
}

/** What stands under a path, links followed; `undefined` for nothing; or why nobody can tell, in words that follow its name. */
export function lookAt(path: string): Stats | string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    return whyUnreadable(error)
  }
}
