import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readAuditKeys } from '../../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn } from './samples.ts'

const rounds = 6
const longestMs = 250

test('whatever was acknowledged before kill -9 is there, and the log verifies', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder()
  const { file, keyFile } = placeIn(folder)
  const acknowledged: string[] = []
  for (let round = 0; round < rounds; round++) {
    const waitMs = Math.random() * longestMs
    const names = await writeUntilKilled(folder, round, waitMs)
    expect(names.length, `round ${round}, killed after ${waitMs} ms`).toBeGreaterThan(0)
    acknowledged.push(...names)
    if (round % 2 === 0) await (await openIn(folder)).close()
    const stored = storedIn(file)
    expect(acknowledged.filter((name) => !stored.events.has(name))).toEqual([])
    expect(acknowledged.filter((name) => !stored.alerts.has(name))).toEqual([])
    // What nobody was told may be there or not, but state and log must agree.
    expect(stored.alerts.size).toBe(stored.events.size)
    const verification = await verifyLog({ file, keys: readAuditKeys(keyFile) })
    expect(verification).toMatchObject({ ok: true, count: stored.events.size * 2 })
  }
})

/** Starts the writer, kills it from outside some time after its first acknowledgement, and returns what it printed. */
async function writeUntilKilled(folder: string, round: number, waitMs: number): Promise<string[]> {
  const program = join(import.meta.dirname, 'crash-writer.ts')
  const child = spawn(process.execPath, [program, folder, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  await once(child.stdout, 'data')
  await delay(waitMs)
  child.kill('SIGKILL')
  await once(child, 'close')
  // The last line may have been cut by the kill.
  return printed.split('\n').slice(0, -1)
}

function storedIn(file: string): { events: Set<unknown>; alerts: Set<unknown> } {
  const db = new DatabaseSync(file)
  const names = db.prepare("select json_extract(body, '$.name') as name from audit where body like '%name%'").all()
  const alerts = db.prepare('select fingerprint from alerts').all()
  db.close()
  return {
    events: new Set(names.map(({ name }) => name)),
    alerts: new Set(alerts.map(({ fingerprint }) => fingerprint)),
  }
}
