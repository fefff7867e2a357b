import { createHmac } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAuditKeys, rotateAuditKey } from '../../../src/adapters/store/audit-key.ts'
import type { AuditKeys } from '../../../src/adapters/store/chain.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import type { AuditHead } from '../../../src/domain/audit.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent } from './samples.ts'
import { openToTamper, rowsOf, tamper, tamperings } from './tampering.ts'

const length = 31
const keyChange = 16

interface WrittenLog {
  readonly file: string
  readonly keys: AuditKeys
  readonly head: AuditHead
}

/** A closed log of 31 events; the 16th announces a new key. */
async function writtenLog(): Promise<WrittenLog> {
  const folder = temporaryFolder()
  const { file, keyFile } = placeIn(folder)
  let head: AuditHead | undefined
  for (const half of [0, 1]) {
    const store = await openIn(folder)
    for (let index = 0; index < 15; index++) {
      const event = sampleEvent({
        type: index % 2 === 0 ? 'alert.changed' : 'incident.opened',
        incident: index % 3 === 0 ? `i${index}` : null,
        target: index % 4 === 0 ? 'redis/cache' : null,
        body: index % 5 === 0 ? {} : { index, half, text: 'Zürich 🫀' },
      })
      await store.transaction('test', (tx) => tx.append([event]))
    }
    head = await store.read.auditHead()
    await store.close()
    if (half === 0) rotateAuditKey(keyFile)
  }
  return { file, keys: readAuditKeys(keyFile), head: head as AuditHead }
}

test('an untouched log verifies, with its checkpoints', async () => {
  const { file, keys, head } = await writtenLog()
  const expected = { ok: true, head, count: length, pruned: null, erased: 0 }
  expect(await verifyLog({ file, keys })).toEqual({ ...expected, checkpoint: 'none_given' })
  expect(await verifyLog({ file, keys, checkpoint: head })).toEqual({ ...expected, checkpoint: 'matched' })
  const genesis = { seq: 0, mac: '0'.repeat(64), at: 0 }
  expect(await verifyLog({ file, keys, checkpoint: genesis })).toMatchObject({ ok: true })
})

test('any change, removal, insertion and reordering is found at the very event', { timeout: 120_000 }, async () => {
  const { file, keys, head } = await writtenLog()
  const original = rowsOf(new DatabaseSync(file, { readOnly: true }))
  const copy = join(temporaryFolder(), 'copy.db')
  const found = { tampered: 0, problems: new Set<string>() }
  await fc.assert(
    fc.asyncProperty(tamperings(length), async (change) => {
      copyFileSync(file, copy)
      const db = openToTamper(copy)
      tamper(db, change)
      const changed = rowsOf(db)
      db.close()
      const result = await verifyLog({ file: copy, keys, checkpoint: head })
      // The oracle knows nothing of macs: it compares the rows with those that were written.
      const index = original.findIndex(({ text }, place) => text !== changed[place]?.text)
      const erased = change.kind === 'change' && change.column === 'body' && change.value === null
      if (erased) expect(result).toMatchObject({ ok: true, erased: 1 })
      else if (index === -1 && changed.length === length) expect(result).toMatchObject({ ok: true, erased: 0 })
      else {
        const place = index === -1 ? length : index
        const seq = Math.min(place + 1, changed[place]?.seq ?? Number.POSITIVE_INFINITY)
        expect(result).toMatchObject({ ok: false, seq })
        found.tampered++
        if (!result.ok) found.problems.add(result.problem)
      }
    }),
    // Only few of the random changes are to the name of a key.
    { numRuns: 400, examples: [[{ kind: 'change', seq: 7, column: 'key_id', value: 'audit.key_changed' }]] },
  )
  // A property that never tampers proves nothing.
  expect(found.tampered).toBeGreaterThan(250)
  expect([...found.problems].sort()).toEqual(expect.arrayContaining(['body', 'gap', 'header', 'order', 'unknown_key']))
})

test('a cut end shows only against a checkpoint', async () => {
  const { file, keys, head } = await writtenLog()
  const db = openToTamper(file)
  db.exec('delete from audit where seq > 20')
  db.close()
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: true, count: 20 })
  expect(await verifyLog({ file, keys, checkpoint: head })).toMatchObject({
    ok: false,
    seq: 21,
    problem: 'truncated',
    verified: 20,
  })
})

test('a log that was cut and written on differs from the checkpoint', async () => {
  const { file, keys, head } = await writtenLog()
  const other = { ...head, mac: 'f'.repeat(64) }
  expect(await verifyLog({ file, keys, checkpoint: other })).toMatchObject({
    ok: false,
    seq: length,
    problem: 'checkpoint',
  })
})

test('erased bodies are counted and break nothing', async () => {
  const { file, keys } = await writtenLog()
  const db = new DatabaseSync(file)
  db.exec('update audit set body = null where seq in (3, 4)')
  db.close()
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: true, count: length, erased: 2 })
})

test('an old key can neither continue the log nor take it over', async () => {
  const { file, keys, head } = await writtenLog()
  const [old] = keys.all
  const forge = (type: string, previousMac: string, seq: number) => {
    const db = openToTamper(file)
    db.exec(`delete from audit where seq >= ${seq}`)
    const row = db.prepare('select lower(hex(digest)) as digest, body from audit where seq = 1').get()
    // The canonical header, written by hand: sorted keys, no white space.
    const header =
      `{"actor":"engine","at":1,"attempt":null,"digest":"${row?.digest}","incident":null,"keyId":"${old?.id}",` +
      `"playbook":null,"seq":${seq},"target":null,"type":"${type}"}`
    const mac = createHmac('sha256', old!.secret)
      .update(previousMac + header)
      .digest('hex')
    const insert = db.prepare('insert into audit values (?, ?, 1, ?, null, null, null, null, ?, ?, ?, ?)')
    insert.run(
      seq,
      type,
      'engine',
      row?.body ?? null,
      Buffer.from(String(row?.digest), 'hex'),
      old!.id,
      Buffer.from(mac, 'hex'),
    )
    db.close()
  }
  forge('alert.changed', head.mac, length + 1)
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: length + 1, problem: 'key_change' })
  forge('audit.key_changed', head.mac, length + 1)
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: length + 1, problem: 'key_change' })
  // The same forgery is a good event where the old key was in force: what is refused is the key, not its form.
  const db = new DatabaseSync(file, { readOnly: true })
  const before = db.prepare('select lower(hex(mac)) as mac from audit where seq = ?').get(keyChange - 1)
  db.close()
  forge('alert.changed', String(before?.mac), keyChange)
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: true, count: keyChange })
})

test('a log is verified while it is written', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const { file, keyFile } = placeIn(folder)
  const keys = readAuditKeys(keyFile)
  await store.transaction('test', (tx) => tx.append(Array.from({ length: 2_500 }, () => sampleEvent())))
  let done = false
  const verification = verifyLog({ file, keys }).finally(() => {
    done = true
  })
  let written = 0
  for (; !done; written++) await store.transaction('test', (tx) => tx.append([sampleEvent()]))
  expect(await verification).toMatchObject({ ok: true, count: 2_500 })
  expect(written).toBeGreaterThan(0)
})

test('a file without a log is refused in words', async () => {
  const file = join(temporaryFolder(), 'other.db')
  new DatabaseSync(file).close()
  const { keys } = await writtenLog()
  await expect(verifyLog({ file, keys })).rejects.toThrow('has no audit log: name the database file of a store')
  await expect(verifyLog({ file: `${file}x`, keys })).rejects.toMatchObject({ code: 'store_unavailable' })
})
