import { createHmac, randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTools } from '../../src/app.ts'
import { openIn, temporaryFolder } from '../adapters/store/open-store.ts'
import { sampleEvent } from '../adapters/store/samples.ts'
import { openToTamper, tamper } from '../adapters/store/tampering.ts'
import { run } from '../cli/run.ts'

const length = 24

/** A log of two dozen events, and the checkpoint that somebody kept elsewhere. */
async function writtenLog() {
  const original = temporaryFolder()
  const store = await openIn(original)
  for (let index = 0; index < length; index += 1) {
    const event = sampleEvent({ target: `redis/r${index}`, body: { index, text: 'Zürich 🫀' } })
    await store.transaction('test', (tx) => tx.append([event]))
  }
  const checkpoint = join(temporaryFolder(), 'head.json')
  writeFileSync(checkpoint, JSON.stringify(await store.read.auditHead()))
  await store.close()
  return { original, checkpoint }
}

const silent = { out: () => {}, writeLog: () => {}, prettyLog: false }

type Db = ReturnType<typeof openToTamper>

/** What `hepar audit verify` says of a copy of the store that somebody has changed. */
async function verified(change: (db: Db) => void, { withCheckpoint = false } = {}) {
  const { original, checkpoint } = await writtenLog()
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  for (const name of ['hepar.db', 'audit.key']) copyFileSync(join(original, name), join(data, name))
  const db = openToTamper(join(data, 'hepar.db'))
  change(db)
  db.close()
  const config = join(folder, 'hepar.yaml')
  writeFileSync(config, 'store: sqlite:./data/hepar.db\n')
  const args = ['audit', 'verify', '--config', config, ...(withCheckpoint ? ['--checkpoint', checkpoint] : [])]
  const tools = createTools({}, silent)
  const words = await run(args, {}, tools)
  const { out } = await run([...args, '--json'], {}, tools)
  return { code: words.code, words: words.out, report: JSON.parse(out) as Record<string, unknown> }
}

/** Writes the whole chain anew as it should look, by somebody who has everything but the key. */
function rebuild(db: Db): void {
  const secret = randomBytes(32)
  let previous = '0'.repeat(64)
  for (const row of db.prepare('select * from audit order by seq').all()) {
    const { seq, type, at, actor, attempt, playbook, target, digest, key_id: keyId } = row
    const hex = Buffer.from(digest as Uint8Array).toString('hex')
    const header = JSON.stringify({
      actor,
      at,
      attempt,
      digest: hex,
      incident: null,
      keyId,
      playbook,
      seq,
      target,
      type,
    })
    previous = createHmac('sha256', secret)
      .update(previous + header)
      .digest('hex')
    db.prepare('update audit set mac = ? where seq = ?').run(Buffer.from(previous, 'hex'), seq as number)
  }
}

test('a log that nobody touched verifies, against its checkpoint, too', async () => {
  expect(await verified(() => {})).toMatchObject({ code: 0, words: expect.stringContaining('the log is intact') })
  expect(await verified(() => {}, { withCheckpoint: true })).toMatchObject({ code: 0, report: { ok: true } })
})

test.each<[string, (db: Db) => void, number]>([
  ['changed', (db) => db.exec(`update audit set target = 'redis/other' where seq = 7`), 7],
  ['deleted', (db) => db.exec('delete from audit where seq = 9'), 9],
  ['inserted', (db) => tamper(db, { kind: 'insert', seq: 11, copyOf: 4 }), 11],
  ['swapped', (db) => tamper(db, { kind: 'swap', seq: 5, other: 17 }), 5],
  ['rebuilt without the key', rebuild, 1],
])('an event that was %s makes the command exit with 1 and name the first bad event', async (_, change, first) => {
  const { code, words, report } = await verified(change)
  expect(code).toBe(1)
  expect(report).toMatchObject({ ok: false, seq: first, verified: first - 1 })
  expect(words).toMatch(new RegExp(`NOT intact: .*\\b${first}\\b`))
})

test('a tail that was cut off shows against the checkpoint, with the first event that is missing', async () => {
  const cut = (db: Db) => db.exec('delete from audit where seq > 20')
  expect(await verified(cut)).toMatchObject({ code: 0, words: expect.stringContaining('a cut end cannot show') })
  const { code, words, report } = await verified(cut, { withCheckpoint: true })
  expect(code).toBe(1)
  expect(report).toMatchObject({ ok: false, seq: 21, problem: 'truncated' })
  expect(words).toMatch(/NOT intact: the log ends at event 20\b/)
})
