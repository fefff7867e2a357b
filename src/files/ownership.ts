import { realpathSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Who a process is, for the question whose files it may trust. */
interface Self {
  readonly uid: number
  readonly gid: number
}

/**
 * Why somebody other than root and the user that runs Hepar could change what lies under a path, in words that follow its
 * name, with the command that helps; `null` when nobody could, or nobody can tell. Links are followed: the folder in which
 * the real file lies counts, too.
 */
export function whyUntrusted(path: string, self: Self | null = ownIdentity()): string | null {
  if (self === null) return null
  try {
    const real = realpathSync(path)
    const found = statSync(real)
    const why = whyChangeable(real, found, self)
    if (why !== null || found.isDirectory() || real === path) return why
    const folder = dirname(real)
    return whyChangeable(folder, statSync(folder), self)
  } catch {
    // What cannot be read is said by whoever reads it.
    return null
  }
}

// A group is trusted where it is Hepar's own: many systems give each user one, and a umask of 002.
function whyChangeable(path: string, { mode, uid, gid }: Stats, self: Self): string | null {
  if (uid !== 0 && uid !== self.uid) {
    return `belongs to another user (${uid}), who could change it: chown ${self.uid} ${path}`
  }
  if ((mode & 0o002) !== 0) return `can be changed by everybody: chmod o-w ${path}`
  if ((mode & 0o020) !== 0 && gid !== 0 && gid !== self.gid) {
    return `can be changed by the group ${gid}: chmod g-w ${path}`
  }
  return null
}

/** Whether everybody on the machine may read a file; false where nobody can tell. */
export function isReadByOthers(path: string): boolean {
  if (ownIdentity() === null) return false
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0
}

function ownIdentity(): Self | null {
  const uid = process.geteuid?.()
  const gid = process.getegid?.()
  return uid === undefined || gid === undefined ? null : { uid, gid }
}
