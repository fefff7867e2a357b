import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { formatBytes } from '../domain/bytes.ts'
import { formatDurationMs } from '../domain/duration.ts'
import type { JsonObject } from '../domain/json.ts'
import type { DiskSpace } from './disk-space.ts'
import { createTally, type Selection } from './file-selection.ts'
import { complaintsOf, type FileRule, type FoundFile, listFiles } from './find-files.ts'
import { createFolders, createLargest, type NamedFile } from './largest-files.ts'
import { holdersInWords, type OpenFile, type OpenFiles } from './open-files.ts'
import { runProgram } from './run-program.ts'

/** What the configuration says about one folder; all of it is needed, for a missing bound would permit. */
export const cleanSettings = z.object({
  host: z.string().min(1),
  root: z.string().min(2),
  olderThanMs: z.number().min(0),
  owner: z.string().nullable(),
  filesMax: z.number().int().min(1),
  bytesMax: z.number().int().min(1),
  timeMs: z.number().min(1),
  keepOut: z.array(z.object({ path: z.string(), what: z.string() })),
})
export type CleanSettings = z.output<typeof cleanSettings>

const limits = {
  /** Longer lists are not held; the plan is then of what was seen. */
  listedMax: 1_000_000,
  listMsMax: 8_000,
  openKept: 1_000,
  /** The kernel's clock for files stands still for so long. */
  tickMs: 20,
} as const

/** What lies below a folder, and what of it may go now. */
export interface Listing {
  readonly rule: FileRule
  readonly selection: Selection
  /** All that may go, beyond the bounds of one run too. */
  readonly candidates: { readonly files: number; readonly bytes: number; readonly largest: readonly NamedFile[] }
  /** What stays: too young, of somebody else, or too large. */
  readonly others: { readonly files: number; readonly bytes: number; readonly largest: readonly NamedFile[] }
  /** The folders right below it that hold the most, whatever may go of it; `.` for its own files. */
  readonly folders: readonly NamedFile[]
  /** False when there was no time or room to see everything. */
  readonly complete: boolean
  /** What find could not look at, or `null`. */
  readonly complaints: string | null
  isCandidate(file: Pick<OpenFile, 'inode'>): boolean
}

/** Lists a folder. What is changed in any way from now on is no longer among what may go. */
export async function listTempFiles(
  folder: string,
  settings: CleanSettings,
  uid: number | null,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Listing> {
  const { olderThanMs, filesMax, bytesMax } = settings
  const rule = { writtenBefore: now - olderThanMs, untouchedSince: Date.now(), uid, bytesMax }
  await pause(limits.tickMs, undefined, { signal })
  const tally = createTally(limits.listedMax)
  const [candidates, others, folders] = [createLargest(), createLargest(), createFolders()]
  const see = (file: FoundFile) => {
    const goes = file.mayGo
    if (goes && !tally.add(file)) return false
    ;(goes ? candidates : others).see(file)
    folders.see(file)
    return true
  }
  const ended = await listFiles(folder, rule, see, { signal, timeoutMs: limits.listMsMax })
  signal.throwIfAborted()
  return {
    rule,
    selection: tally.select({ filesMax, bytesMax }),
    candidates: candidates.sum(),
    others: others.sum(),
    folders: folders.largest(),
    complete: ended.stopped === null,
    complaints: complaintsOf(ended),
    isCandidate: ({ inode }) => tally.has(inode),
  }
}

/** The number of a user, `null` for anybody, or why there is none. */
export async function uidOf(owner: string | null, signal: AbortSignal): Promise<number | null | string> {
  if (owner === null) return null
  if (/^\d+$/.test(owner)) return Number(owner)
  const { code, tail } = await runProgram({ file: 'id', args: ['-u', '--', owner], signal, timeoutMs: 5_000 })
  return code === 0 && /^\d+\s*$/.test(tail) ? Number(tail) : `there is no user "${owner}" on this machine`
}

/** The candidates that somebody holds open: removing them frees nothing until they are closed. */
export function openCandidates(listing: Listing, open: readonly OpenFile[]): readonly OpenFile[] {
  return open.filter((file) => !file.removed && listing.isCandidate(file)).slice(0, limits.openKept)
}

/** What a human would want to see of a folder that is too full. */
export function tempEvidence(listing: Listing, space: DiskSpace, { files, unseen }: OpenFiles): JsonObject {
  const { candidates, others, folders, complete, complaints } = listing
  return {
    space: { ...space },
    mayGo: { ...candidates, openNow: holdersInWords(openCandidates(listing, files)) },
    stays: { ...others },
    folders,
    heldByRemovedFiles: holdersInWords(files.filter(({ removed }) => removed)),
    processesNotSeen: unseen,
    complete,
    complaints,
  }
}

/** One sentence: what would go; or why nothing would. */
export function summarize({ selection, candidates, complete }: Listing, settings: CleanSettings): string {
  const { files, bytes, upTo } = selection
  const whose = settings.owner === null ? '' : ` of ${settings.owner}`
  const which = `${whose} older than ${formatDurationMs(settings.olderThanMs)} below ${settings.root} on ${settings.host}`
  if (files === 0) return `there is no file${which}`
  const all = `${complete ? '' : 'at least '}${candidates.files}`
  const what =
    upTo === null && complete ? `${files} file${files === 1 ? '' : 's'}` : `the oldest ${files} of ${all} files`
  return `Remove ${what} (${formatBytes(bytes)})${which}`
}
