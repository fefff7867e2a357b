import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'

interface WatchOptions {
  /** Files and folders to watch; asked before every look, because a reload may change it. */
  readonly paths: () => readonly string[]
  /** Called once per change, after the files have stayed the same for one look; again at the next look if it throws. */
  readonly onChange: () => Promise<void>
  readonly log: Log
  readonly everyMs?: number
}

export interface Watch {
  close(): Promise<void>
}

/** Files and folders looked at; playbooks and plugins together stay far below it. */
const filesMax = 30_000
const depthMax = 16

/**
 * Watches files by looking at their contents from time to time. Links are followed, so that the swap of a link,
 * as in a mounted ConfigMap, is a change like any other; change notifications of the system would miss it.
 */
export async function watchFiles({ paths, onChange, log, everyMs = 2_000 }: WatchOptions): Promise<Watch> {
  let loaded = await digestFiles(paths())
  let previous = loaded
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    try {
      const now = await digestFiles(paths())
      const isStable = now === previous
      previous = now
      if (!isStable || now === loaded) return
      await onChange()
      loaded = now
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'a change of files could not be followed')
    }
  }

  function schedule(): void {
    if (closed) return
    timer = setTimeout(() => {
      looking = look().finally(schedule)
    }, everyMs)
    timer.unref()
  }

  schedule()
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}

/** One digest over names and contents of all files below the paths. What is missing counts as missing. */
async function digestFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  const budget = { files: filesMax }
  for (const path of paths) await digestPath(path, hash, budget, 0)
  return hash.digest('hex')
}

type Hash = ReturnType<typeof createHash>

async function digestPath(path: string, hash: Hash, budget: { files: number }, depth: number): Promise<void> {
  hash.update(`\0${path}\0`)
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await digestFolder(path, hash, budget, depth)
    if (!found.isFile() || budget.files <= 0) return
    budget.files -= 1
    hash.update(await readFile(path))
  } catch (error) {
    // A file may vanish between listing and reading; the next look sees the rest of the change.
    hash.update(`missing:${(error as NodeJS.ErrnoException).code}`)
  }
}

async function digestFolder(path: string, hash: Hash, budget: { files: number }, depth: number): Promise<void> {
  if (depth >= depthMax || budget.files <= 0) return
  budget.files -= 1
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && name !== 'node_modules')
  for (const name of names.sort()) await digestPath(join(path, name), hash, budget, depth + 1)
}
