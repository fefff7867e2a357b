import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAuditKeys, rotateAuditKey } from '../../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import { canonicalJson } from '../../../src/domain/json.ts'
import { digestOf } from '../../../src/engine/digest.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { prunedLog } from './pruned-log.ts'
import { placeIn, sampleEvent } from './samples.ts'
import { openToTamper, rowsOf, tamper, tamperings } from './tampering.ts'

const numbersIn = (file: string) => {
  using db = new DatabaseSync(file, { readOnly: true })
  return rowsOf(db).map(({ seq }) => seq)
}

test('a pruned log verifies, and says what was pruned, by which rule and when', async () => {
  const { file, keys, head } = await prunedLog()
  expect(numbersIn(file)).toEqual([3, 4, 5, 12, ...range(21, 42)])
  expect(await verifyLog({ file, keys, checkpoint: head })).toEqual({
    ok: true,
    head,
    count: 26,
    erased: 0,
    pruned: { count: 16, to: 20, rule: 'age', at: expect.any(Number) },
    checkpoint: 'matched',
  })
})

test('a checkpoint from before the pruning is compared where its event is there or was the last of a run, and else says why not', async () => {
  const { file, keys, heads } = await prunedLog()
  const at = (seq: number) => verifyLog({ file, keys, checkpoint: heads[seq - 1]! })
  for (const seq of [2, 3, 5, 11, 12, 20, 21, 40])
    expect(await at(seq)).toMatchObject({ ok: true, checkpoint: 'matched' })
  for (const seq of [1, 6, 10, 13, 19]) {
    const reason = expect.stringMatching(
      `^the log is intact, but event ${seq} of the checkpoint was pruned, last on 20..-.*: compare with a newer`,
    )
    expect(await at(seq)).toMatchObject({ ok: false, problem: 'checkpoint_pruned', seq, reason })
  }
  for (const seq of [2, 11, 20]) {
    const checkpoint = { ...heads[seq - 1]!, mac: 'f'.repeat(64) }
    expect(await verifyLog({ file, keys, checkpoint })).toMatchObject({ ok: false, problem: 'checkpoint', seq })
  }
})

test('whoever deletes the oldest events has pruned nothing, with or without a pruning before', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append(Array.from({ length: 30 }, () => sampleEvent())))
  await store.close()
  const whole = { ...(await prunedLog()), file: placeIn(folder).file }
  const { file, keys } = await prunedLog()
  const cut = (file: string, statement: string) => {
    using db = openToTamper(file)
    db.exec(statement)
  }
  cut(whole.file, 'delete from audit where seq <= 10')
  const wholeKeys = readAuditKeys(placeIn(folder).keyFile)
  expect(await verifyLog({ file: whole.file, keys: wholeKeys })).toMatchObject({ ok: false, seq: 1, problem: 'gap' })
  // A forged record of gaps is not what the chain says.
  cut(whole.file, 'insert into audit_gaps select 1, 10, mac, key_id from audit where seq = 11')
  expect(await verifyLog({ file: whole.file, keys: wholeKeys })).toMatchObject({ ok: false, seq: 1, problem: 'pruned' })
  cut(file, 'delete from audit where seq <= 25')
  expect(await verifyLog({ file, keys })).toMatchObject({
    ok: false,
    seq: 3,
    problem: 'gap',
    reason: 'event 3 is missing: 2 is followed by 26; no pruning accounts for it',
  })
})

test('nobody without the key can write down that more was pruned', async () => {
  const { file, keys } = await prunedLog()
  using db = openToTamper(file)
  const mac = String(db.prepare('select lower(hex(mac)) as mac from audit where seq = 25').get()?.mac)
  db.exec('delete from audit where seq <= 25; delete from audit_gaps')
  db.prepare('insert into audit_gaps values (1, 25, ?, ?)').run(mac, keys.current.id)
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: 41, problem: 'pruned' })
  // Even where the event that says so is changed with it.
  const body = JSON.parse(String(db.prepare('select body from audit where seq = 41').get()?.body)) as Record<
    string,
    unknown
  >
  const forged = canonicalJson({ ...body, gapsDigest: digestOf([{ from: 1, to: 25, mac, keyId: keys.current.id }]) })
  db.prepare('update audit set body = ? where seq = 41').run(forged)
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: 41, problem: 'body' })
  db.prepare('update audit set body = ?, digest = unhex(?) where seq = 41').run(forged, digestOf(JSON.parse(forged)))
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: 41, problem: 'header' })
})

test('the record of a pruning cannot be erased, and what was pruned cannot be put back', async () => {
  const { file, keys } = await prunedLog()
  const copy = join(temporaryFolder(), 'copy.db')
  copyFileSync(file, copy)
  {
    using db = openToTamper(copy)
    db.exec('update audit set body = null where seq = 41')
  }
  expect(await verifyLog({ file: copy, keys })).toMatchObject({ ok: false, seq: 41, problem: 'pruned' })
  for (const seq of [1, 15, 20]) {
    copyFileSync(file, copy)
    using db = openToTamper(copy)
    const rest = 'type, at, actor, incident, attempt, playbook, target, body, digest, key_id, mac'
    db.exec(`insert into audit (seq, ${rest}) select ${seq}, ${rest} from audit where seq = 3`)
    expect(await verifyLog({ file: copy, keys })).toMatchObject({ ok: false, seq, problem: 'pruned' })
  }
})

test('after a pruning any change, removal, insertion and reordering is found as before', {
  timeout: 120_000,
}, async () => {
  const { file, keys, head } = await prunedLog()
  const rows = (of: string) => {
    using db = new DatabaseSync(of)
    return rowsOf(db)
  }
  const original = rows(file)
  const copy = join(temporaryFolder(), 'copy.db')
  let tampered = 0
  await fc.assert(
    fc.asyncProperty(tamperings(42), async (change) => {
      copyFileSync(file, copy)
      {
        using db = openToTamper(copy)
        try {
          tamper(db, change)
        } catch {
          return
        }
      }
      const same = JSON.stringify(rows(copy)) === JSON.stringify(original)
      // An erased body is allowed, unless it is the record of the pruning.
      const erased = change.kind === 'change' && change.column === 'body' && change.value === null && change.seq !== 41
      const result = await verifyLog({ file: copy, keys, checkpoint: head })
      expect(result.ok).toBe(same || erased)
      if (!result.ok) tampered++
    }),
    { numRuns: 300 },
  )
  expect(tampered).toBeGreaterThan(120)
})

test('a cut end shows against a checkpoint, also where it takes the record of the pruning with it', async () => {
  const { file, keys, head } = await prunedLog()
  using db = openToTamper(file)
  db.exec('delete from audit where seq = 42')
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: true })
  expect(await verifyLog({ file, keys, checkpoint: head })).toMatchObject({ ok: false, problem: 'truncated' })
  db.exec('delete from audit where seq = 41')
  expect(await verifyLog({ file, keys })).toMatchObject({ ok: false, seq: 1, problem: 'pruned' })
})

test('the database deletes only what was written down as pruned', async () => {
  const { file } = await prunedLog()
  using db = new DatabaseSync(file)
  for (const seq of [3, 12, 21, 42]) {
    expect(() => db.exec(`delete from audit where seq = ${seq}`)).toThrow('append-only')
  }
  db.exec('insert into audit_gaps values (21, 22, 0, 0)')
  db.exec('delete from audit where seq = 22')
  expect(() => db.exec('delete from audit where seq = 23')).toThrow('append-only')
})

test('a pruned store starts again, goes on in the same chain, and takes a new key', async () => {
  const folder = temporaryFolder()
  const { head, file } = await prunedLog(folder)
  rotateAuditKey(placeIn(folder).keyFile)
  const store = await openIn(folder)
  expect((await store.read.audit({ after: head.seq, limit: 10 })).map(({ type, seq }) => [seq, type])).toEqual([
    [head.seq + 1, 'audit.key_changed'],
  ])
  await store.close()
  const keys = readAuditKeys(placeIn(folder).keyFile)
  expect(await verifyLog({ file, keys, checkpoint: head })).toMatchObject({ ok: true, checkpoint: 'matched' })
})

test('a start does not trust a gap in its last events that no pruning accounts for', async () => {
  const folder = temporaryFolder()
  const { file } = await prunedLog(folder)
  {
    using db = openToTamper(file)
    db.exec('delete from audit where seq = 30')
  }
  await expect(openIn(folder)).rejects.toThrow(/does not verify: event 30 is missing/)
  {
    using db = openToTamper(file)
    db.exec('insert into audit_gaps select 30, 30, mac, key_id from audit where seq = 29')
  }
  await expect(openIn(folder)).rejects.toThrow(/what is missing is not what event 41 says was pruned/)
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
