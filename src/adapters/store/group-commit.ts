import type { AuditEvent, AuditHead } from '../../domain/audit.ts'
import { HeparError, hasCode } from '../../engine/errors.ts'
import type { Checkpoint, Tx } from '../../engine/ports.ts'
import type { AuditWriter } from './audit-writer.ts'
import type { Sqlite } from './sqlite.ts'

/** The writer's connection and what hangs on it. */
export interface GroupCommitParts {
  readonly sqlite: Sqlite
  /** Throws when the files are no longer those that were opened. */
  readonly checkFiles: () => void
  readonly audit: AuditWriter
  /** The head as the database has it. */
  readonly readHead: () => Promise<AuditHead>
  readonly tx: Tx
  /** Called after each durable commit, before anyone who waits for it is answered. */
  readonly onDurable: (events: readonly AuditEvent[]) => void
  readonly onFailure: (error: HeparError) => void
  readonly checkpoint: Checkpoint | undefined
}

export interface GroupCommit {
  run<T>(label: string, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Refuses new work and resolves when what was accepted has ended. */
  close(): Promise<void>
}

interface Job {
  readonly label: string
  readonly work: (tx: Tx) => Promise<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

type Finished = Job & { readonly value: unknown }

/** Jobs of one group, and how long it works before it takes no further one: both bound how long it keeps the event loop. */
const groupJobsMax = 128
const groupMsMax = 25
const waitingJobsMax = 20_000

/** Runs concurrent transactions in one database transaction, each in a savepoint of its own. */
export function createGroupCommit(parts: GroupCommitParts): GroupCommit {
  let waiting: Job[] = []
  let running: Promise<void> | null = null
  let closed = false

  const drain = async () => {
    while (waiting.length > 0) {
      // One turn of the event loop lets requests that came in meanwhile join the group.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const group = waiting.slice(0, groupJobsMax)
      waiting = waiting.slice(groupJobsMax)
      const left = await commitGroup(group, parts).catch((error): readonly Job[] => {
        for (const { reject } of group) reject(error)
        return []
      })
      if (left.length > 0) waiting = [...left, ...waiting]
    }
    running = null
  }

  return {
    run: <T>(label: string, work: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new HeparError('store_unavailable', 'the store is closed'))
        if (waiting.length >= waitingJobsMax) {
          return reject(new HeparError('store_unavailable', `${waitingJobsMax} writes wait for the store: try later`))
        }
        waiting.push({ label, work, resolve: resolve as Job['resolve'], reject })
        running ??= drain()
      }),
    async close() {
      closed = true
      await running
    },
  }
}

/** Commits as many jobs as the time allows, at least one. Resolves to those that are left for the next group. */
async function commitGroup(group: readonly Job[], parts: GroupCommitParts): Promise<readonly Job[]> {
  const { sqlite, audit, checkpoint, checkFiles } = parts
  const finished: Finished[] = []
  const failed = new Set<Job>()
  const endAt = workedMs() + groupMsMax
  let started = 0
  try {
    checkFiles()
    sqlite.takeFailure()
    sqlite.run('begin immediate')
    audit.begin(await parts.readHead())
    for (const job of group) {
      if (started > 0 && workedMs() >= endAt) break
      started += 1
      const result = await inSavepoint(job, parts)
      if (result.ok) finished.push({ ...job, value: result.value })
      else {
        failed.add(job)
        job.reject(result.error)
      }
    }
    if (finished.length === 0) {
      sqlite.run('rollback')
      return group.slice(started)
    }
    if (checkpoint !== undefined) for (const { label } of finished) await checkpoint(`commit:before:${label}`)
    sqlite.run('commit')
    // What went into files that nobody will find again is not durable.
    checkFiles()
  } catch (error) {
    giveUp(group, failed, error, parts)
    return []
  }
  if (checkpoint !== undefined) for (const { label } of finished) await checkpoint(`commit:after:${label}`)
  parts.onDurable(audit.events())
  for (const { resolve, value } of finished) resolve(value as never)
  return group.slice(started)
}

// Time of this thread alone: where others take the processor away, smaller groups would only add commits.
function workedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

type JobResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** Runs one job; a failure of the medium is thrown, because it ends the whole group. */
async function inSavepoint(job: Job, { sqlite, audit, tx }: GroupCommitParts): Promise<JobResult> {
  const mark = audit.mark()
  const lease = { open: true }
  sqlite.run('savepoint job')
  let result: JobResult
  try {
    const value = await job.work(leased(tx, lease))
    await audit.flush()
    result = { ok: true, value }
  } catch (error) {
    result = { ok: false, error }
  }
  lease.open = false
  // A job may have swallowed it, but what it wrote is gone.
  const medium = sqlite.takeFailure()
  if (medium !== null) throw medium
  if (!result.ok) {
    sqlite.run('rollback to job')
    audit.rewind(mark)
  }
  sqlite.run('release job')
  return result
}

function giveUp(group: readonly Job[], failed: ReadonlySet<Job>, error: unknown, parts: GroupCommitParts): void {
  try {
    if (parts.sqlite.inTransaction()) parts.sqlite.run('rollback')
  } catch {
    // The database rolls back by itself when it is opened or written next.
  }
  if (hasCode(error, 'store_unavailable')) parts.onFailure(error as HeparError)
  for (const job of group) if (!failed.has(job)) job.reject(error)
}

/** The same transaction, refused once its work has ended: what it writes would land in someone else's. */
function leased(tx: Tx, lease: { readonly open: boolean }): Tx {
  return new Proxy(tx, {
    get(target, name, receiver) {
      const use: unknown = Reflect.get(target, name, receiver)
      if (typeof use !== 'function') return use
      return (...parameters: unknown[]) =>
        lease.open ? use(...parameters) : Promise.reject(new Error('a transaction was used after it had ended'))
    },
  })
}
