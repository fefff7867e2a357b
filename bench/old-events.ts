import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../src/adapters/store/sqlite-store.ts'
import type { Log } from '../src/engine/ports.ts'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }
const day = 86_400_000
const perCommit = 1_000

/** The data folder of a Hepar that took deliveries for a hundred days, and not one since a hundred days. */
export async function writeOldEvents(folder: string, count: number): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const clock = { now: () => Date.now() }
  const store = await openSqliteStore({
    file: join(folder, 'hepar.db'),
    keyFile: join(folder, 'audit.key'),
    clock,
    log: silent,
  })
  const begin = Date.now() - 200 * day
  const decisions = Array.from({ length: 10 }, (_, index) => {
    return { fingerprint: index.toString(16).padStart(16, '0'), decision: 'duplicate', reason: 'already firing' }
  })
  for (let written = 0; written < count; written += perCommit) {
    const events = Array.from({ length: perCommit }, (_, index) => {
      const at = begin + Math.floor(((written + index) / count) * 100 * day)
      return { type: 'delivery.received', at, actor: 'webhook:local', body: { decisions } } as const
    })
    await store.transaction('fill', (tx) => tx.append(events))
  }
  await store.close()
}

/** The same store for another server. */
export function copyData(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  for (const name of ['hepar.db', 'audit.key']) copyFileSync(join(from, name), join(to, name))
}
