import { backup, DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { HeparError } from '../../engine/errors.ts'

export type SqlValue = null | number | bigint | string | Uint8Array

/** A prepared statement in the form Kysely's SQLite dialect wants. */
export interface CachedStatement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/** One synchronous connection. Failures of the medium are thrown as `store_unavailable`, everything else as it came. */
export interface Sqlite {
  prepare(sql: string): CachedStatement
  run(sql: string, ...parameters: SqlValue[]): void
  all<Row>(sql: string, ...parameters: SqlValue[]): Row[]
  inTransaction(): boolean
  /** The first failure of the medium since the last call, or `null`. */
  takeFailure(): HeparError | null
  close(): void
}

export interface SqliteOptions {
  readonly file: string
  readonly readOnly?: boolean
  /** Nobody can change the file while it is read: no lock is taken and nothing is written beside it. */
  readonly immutable?: boolean
  readonly busyTimeoutMs: number
  /** Integers are read as bigint, so that no stored value can fail to be read. */
  readonly bigIntegers?: boolean
}

/** Pages of one step: few enough that writers on the same disk hardly feel it. */
const copyStepPages = 250

/**
 * Copies a database as it is at this moment, page by page, also while others write to it. `to` is an empty file.
 * Throws `store_unavailable`.
 */
export async function copyDatabase(
  { file, immutable = false, busyTimeoutMs }: SqliteOptions,
  to: string,
  onProgress: (done: number, of: number) => void,
): Promise<void> {
  try {
    using db = new DatabaseSync(immutable ? immutableUrl(file) : file, { readOnly: true, timeout: busyTimeoutMs })
    // Inside one transaction every step sees the same moment; without it each write of others would begin the copy anew.
    db.exec('begin')
    db.prepare('select count(*) from sqlite_schema').get()
    await backup(db, to, {
      rate: copyStepPages,
      progress: ({ totalPages, remainingPages }) => onProgress(totalPages - remainingPages, totalPages),
    })
  } catch (error) {
    throw asMediumFailure(file, error) ?? error
  }
}

const statementsMax = 256

/** Opens a connection to one database file. Throws `store_unavailable`. */
export function openSqlite(options: SqliteOptions): Sqlite {
  const { file } = options
  let failure: HeparError | null = null
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      const known = asMediumFailure(file, error)
      if (known === null) throw error
      failure ??= known
      throw known
    }
  }
  const db = guard(
    () =>
      new DatabaseSync(options.immutable ? immutableUrl(file) : file, {
        readOnly: options.readOnly ?? false,
        timeout: options.busyTimeoutMs,
        readBigInts: options.bigIntegers ?? false,
      }),
  )
  const statements = new Map<string, CachedStatement>()
  const prepare = (sql: string): CachedStatement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= statementsMax) statements.delete(statements.keys().next().value as string)
    const made = wrapStatement(
      guard(() => db.prepare(sql)),
      guard,
    )
    statements.set(sql, made)
    return made
  }
  return {
    prepare,
    run: (sql, ...parameters) => void prepare(sql).run(parameters),
    all: <Row>(sql: string, ...parameters: SqlValue[]) => prepare(sql).all(parameters) as Row[],
    inTransaction: () => db.isTransaction,
    takeFailure: () => {
      const taken = failure
      failure = null
      return taken
    },
    close: () => db.close(),
  }
}

function immutableUrl(file: string): URL {
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  return url
}

function wrapStatement(statement: StatementSync, guard: <T>(work: () => T) => T): CachedStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => guard(() => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters) => guard(() => statement.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters) => guard(() => statement.iterate(...(parameters as SQLInputValue[]))),
  }
}

const mediumFailures: Readonly<Record<number, string>> = {
  3: 'access is denied; give the user that runs Hepar read and write permission',
  5: 'another process holds it; end that process',
  6: 'another connection holds it',
  7: 'the machine is out of memory',
  8: 'it is read-only; make the file system and the file writable',
  10: 'the disk reports an input/output error; check the disk',
  11: 'the database is damaged; stop Hepar and restore the data folder from a backup',
  13: 'the disk is full; free some space, Hepar goes on by itself',
  14: 'it cannot be opened; check that the folder exists and is writable',
  15: 'its locks do not work here; keep the data folder on a local file system',
  26: 'it is not a database; move it away or restore the data folder from a backup',
}

/** Wraps an error that comes from the medium (full, unreadable, locked, damaged); `null` for any other. */
function asMediumFailure(file: string, error: unknown): HeparError | null {
  const words = mediumFailures[sqliteCode(error) & 0xff]
  return words === undefined ? null : new HeparError('store_unavailable', `store ${file}: ${words}`, { cause: error })
}

/** True when the error is a violation of the unique index over these columns, written `table.a, table.b`. */
export function isUniqueViolation(error: unknown, columns: string): boolean {
  const uniqueConstraint = 2067
  return sqliteCode(error) === uniqueConstraint && (error as Error).message.endsWith(`failed: ${columns}`)
}

/** SQLite's primary result code behind an error of this module, 0 where there is none. */
export function mediumCodeOf(error: unknown): number {
  return sqliteCode(error instanceof HeparError ? error.cause : error) & 0xff
}

function sqliteCode(error: unknown): number {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR') return 0
  return (error as { errcode?: number }).errcode ?? 0
}
