import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { GuardedFile } from '../../../src/adapters/store/file-guard.ts'
import { openSqliteStore } from '../../../src/adapters/store/sqlite-store.ts'
import type { Checkpoint, Log, Store } from '../../../src/engine/ports.ts'
import { noon, placeIn, silent } from './samples.ts'

/** A folder of its own that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

interface OpenOptions {
  readonly checkpoint?: Checkpoint
  readonly lock?: GuardedFile
  readonly log?: Log
  readonly now?: number
}

/** Opens the store in a folder; closed with the test at the latest. */
export async function openIn(
  folder: string,
  { checkpoint, lock, log = silent, now = noon }: OpenOptions = {},
): Promise<Store> {
  const options = { ...placeIn(folder), clock: { now: () => now }, log, ...(lock && { lock }) }
  const store = await openSqliteStore(checkpoint === undefined ? options : { ...options, checkpoint })
  const close = store.close
  let closing: Promise<void> | null = null
  const once = { ...store, close: () => (closing ??= close()) }
  onTestFinished(() => once.close())
  return once
}
