import type { StoreSize } from '../../domain/retention.ts'
import type { Sqlite } from './sqlite.ts'

/** What the database takes at this moment, without its write-ahead log. */
export function sizeOf(sqlite: Sqlite): StoreSize {
  const pageBytes = pragma(sqlite, 'page_size')
  const free = pragma(sqlite, 'freelist_count')
  return { liveBytes: (pragma(sqlite, 'page_count') - free) * pageBytes, freeBytes: free * pageBytes }
}

/** Takes free pages off the end of the file, inside a transaction; `mayShrink` hears of its new length before it has it. */
export function shrinkFile(writer: Sqlite, pages: number, mayShrink: (bytes: number) => void): void {
  writer.all(`pragma incremental_vacuum(${Math.trunc(pages)})`)
  mayShrink(pragma(writer, 'page_count') * pragma(writer, 'page_size'))
}

function pragma(sqlite: Sqlite, name: 'page_size' | 'page_count' | 'freelist_count'): number {
  return sqlite.all<Record<string, number>>(`pragma ${name}`)[0]?.[name] ?? 0
}
