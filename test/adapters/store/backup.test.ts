import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { readAuditKeys } from '../../../src/adapters/store/audit-key.ts'
import { type BackupOptions, backupStore } from '../../../src/adapters/store/backup.ts'
import { lockDataFolder } from '../../../src/adapters/store/data-lock.ts'
import { type RestoreOptions, restoreStore } from '../../../src/adapters/store/restore.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import { mountSmallDisk } from '../../kit/small-disk.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent, sampleIncident } from './samples.ts'
import { openToTamper } from './tampering.ts'

const someEvents = (count: number) =>
  Array.from({ length: count }, (_, number) => sampleEvent({ body: { number, text: 'x'.repeat(300) } }))

/** A folder with a store of some events, closed. */
async function writtenStore(events = 50): Promise<string> {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
  await store.transaction('test', (tx) => tx.append(someEvents(events)))
  await store.close()
  return folder
}

const backUp = (folder: string, more: Partial<BackupOptions> = {}) =>
  backupStore({
    ...placeIn(folder),
    target: join(folder, 'backup.db'),
    verify: true,
    withKey: false,
    onProgress: () => {},
    ...more,
  })

const restore = (backup: string, folder: string, more: Partial<RestoreOptions> = {}) =>
  restoreStore({ backup, key: null, folder, ...placeIn(folder), ...more })

/** A database of which one whole page was written over. */
function withDamage(bytes: Buffer): Buffer {
  const damaged = Buffer.from(bytes)
  const pageBytes = bytes.readUInt16BE(16)
  return damaged.fill(7, 24 * pageBytes, 25 * pageBytes)
}

describe('a backup', () => {
  test('is one private file with everything in it, verified, that says it is a copy; the key is not in it', async () => {
    const folder = await writtenStore()
    const report = await backUp(folder)
    const { target } = { target: join(folder, 'backup.db') }
    expect(report).toMatchObject({ file: target, seq: 50, verified: true, key: null, keyFile: placeIn(folder).keyFile })
    expect(report.bytes).toBe(statSync(target).size)
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.startsWith('backup.'))).toEqual(['backup.db'])
    const secret = readFileSync(placeIn(folder).keyFile, 'utf8').trim().split(' ').at(-1)!
    expect(readFileSync(target, 'latin1')).not.toContain(secret)
    const keys = readAuditKeys(placeIn(folder).keyFile)
    const checkpoint = { seq: report.seq, mac: report.mac, at: 0 }
    expect(await verifyLog({ file: target, keys, checkpoint })).toMatchObject({ ok: true, checkpoint: 'matched' })
  })

  test('made while others write has one moment of the store, and does not begin anew with each write', async () => {
    const folder = temporaryFolder()
    const store = await openIn(folder)
    await store.transaction('test', (tx) => tx.append(someEvents(40_000)))
    let written = 40_000
    let done = false
    const progress: number[] = []
    const backing = backUp(folder, { onProgress: (pages) => void progress.push(pages) }).finally(() => {
      done = true
    })
    while (!done) {
      await store.transaction('test', (tx) => tx.append(someEvents(10)))
      written += 10
    }
    const report = await backing
    expect(report.seq).toBeGreaterThanOrEqual(40_000)
    expect(report.seq).toBeLessThan(written)
    expect(progress.length).toBeGreaterThan(3)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect((await store.read.auditHead()).seq).toBe(written)
  })

  test('overwrites nothing, and leaves nothing behind when it is refused', async () => {
    const folder = await writtenStore()
    const target = join(folder, 'backup.db')
    writeFileSync(target, 'precious')
    await expect(backUp(folder)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('nothing is overwritten'),
    })
    expect(readFileSync(target, 'utf8')).toBe('precious')
    const other = join(folder, 'other.db')
    writeFileSync(`${other}.key`, 'precious')
    await expect(backUp(folder, { target: other, withKey: true })).rejects.toMatchObject({ code: 'conflict' })
    await expect(backUp(folder, { target: join(folder, 'no/such/backup.db') })).rejects.toThrow(
      /does not exist: create it/,
    )
    await expect(backUp(temporaryFolder(), { target: other })).rejects.toThrow(/there is no store at .*--config/)
    expect(readdirSync(folder).sort()).toEqual(['audit.key', 'backup.db', 'hepar.db', 'other.db.key'])
  })

  test('overwrites nothing even when the name is taken meanwhile', async () => {
    const folder = await writtenStore(20_000)
    const target = join(folder, 'backup.db')
    const onProgress = () => writeFileSync(target, 'precious')
    await expect(backUp(folder, { onProgress })).rejects.toMatchObject({ code: 'conflict' })
    expect(readFileSync(target, 'utf8')).toBe('precious')
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('of a log that does not verify is refused, unless the verification is left out', async () => {
    const folder = await writtenStore()
    const db = openToTamper(placeIn(folder).file)
    db.exec("update audit set actor = 'nobody' where seq = 7")
    db.close()
    await expect(backUp(folder)).rejects.toThrow(/the chain of the copy does not verify: event 7 was changed/)
    expect(existsSync(join(folder, 'backup.db'))).toBe(false)
    expect(await backUp(folder, { verify: false })).toMatchObject({ verified: false, seq: 50 })
  })

  test('that does not fit says whose disk is full, and leaves nothing there', async () => {
    const folder = await writtenStore(20_000)
    using disk = mountSmallDisk(join(folder, 'small'), '1m')
    const target = join(disk.folder, 'backup.db')
    await expect(backUp(folder, { target })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: `${target} cannot be written, because its disk is full: free some space there, or choose another place`,
    })
    expect(readdirSync(disk.folder)).toEqual([])
  })

  test('of a store that is damaged says that it is the store', async () => {
    const folder = await writtenStore(3_000)
    const { file } = placeIn(folder)
    const bytes = readFileSync(file)
    writeFileSync(file, withDamage(bytes))
    await expect(backUp(folder)).rejects.toThrow(
      /^the store \S+hepar\.db is damaged, and no backup was made: stop Hepar and restore an earlier one$/,
    )
    expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual([])
  })

  test('has the key beside it on request only, as private as it was', async () => {
    const folder = await writtenStore()
    const { key } = await backUp(folder, { withKey: true })
    expect(key).toBe(join(folder, 'backup.db.key'))
    expect(readFileSync(key!, 'utf8')).toBe(readFileSync(placeIn(folder).keyFile, 'utf8'))
    expect(statSync(key!).mode & 0o777).toBe(0o600)
  })
})

describe('a restore', () => {
  test('puts a store into an empty folder from which Hepar goes on, still marked as a copy', async () => {
    const folder = await writtenStore()
    const { takenAt } = await backUp(folder, { withKey: true })
    const to = join(temporaryFolder(), 'data')
    const report = await restore(join(folder, 'backup.db'), to)
    expect(report).toMatchObject({ file: placeIn(to).file, seq: 50, takenAt, key: join(folder, 'backup.db.key') })
    expect(readdirSync(to).sort()).toEqual(['audit.key', 'hepar.db', 'hepar.lock'])
    for (const name of ['audit.key', 'hepar.db']) expect(statSync(join(to, name)).mode & 0o777).toBe(0o600)
    const store = await openIn(to)
    expect(await store.read.incident('i1')).toEqual(sampleIncident())
    expect(await store.read.copy()).toMatchObject({ seq: 50, takenAt })
    await store.transaction('test', (tx) => tx.append(someEvents(1)))
    expect(await store.read.auditHead()).toMatchObject({ seq: 51 })
  })

  test('marks what is no backup of ours, but a plain copy of a database, as well', async () => {
    const folder = await writtenStore()
    const to = temporaryFolder()
    copyFileSync(placeIn(folder).keyFile, placeIn(to).keyFile)
    await restore(placeIn(folder).file, to)
    expect(await (await openIn(to)).read.copy()).toMatchObject({ seq: 50 })
  })

  test('overwrites nothing, and refuses while a Hepar has the folder', async () => {
    const folder = await writtenStore()
    await backUp(folder, { withKey: true })
    const backup = join(folder, 'backup.db')
    await expect(restore(backup, folder)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/is not empty \(.*hepar.db.*\), and nothing is overwritten: move the folder away/),
    })
    const to = temporaryFolder()
    mkdirSync(join(to, 'theirs'))
    await expect(restore(backup, to)).rejects.toThrow('is not empty (theirs)')
    const held = temporaryFolder()
    const lock = lockDataFolder(held)
    await expect(restore(backup, held)).rejects.toThrow(/is in use by another Hepar \(pid \d+\): stop it/)
    lock.close()
  })

  test('needs the very key, and says where it may come from', async () => {
    const folder = await writtenStore()
    await backUp(folder)
    const backup = join(folder, 'backup.db')
    const { keyFile } = placeIn(folder)
    const to = temporaryFolder()
    await expect(restore(backup, to)).rejects.toThrow(
      /the key of the backup is missing: give the audit.key .* as --key/,
    )
    await expect(restore(backup, to, { key: join(to, 'none') })).rejects.toThrow(/there is no key file/)
    const other = await writtenStore(1)
    await expect(restore(backup, to, { key: placeIn(other).keyFile })).rejects.toThrow(
      /is signed with a key that is not in the key file/,
    )
    const open = join(temporaryFolder(), 'open.key')
    copyFileSync(keyFile, open)
    chmodSync(open, 0o644)
    await expect(restore(backup, to, { key: open })).rejects.toThrow(/open to other users: run chmod 600/)
    expect(readdirSync(to).filter((name) => name !== 'hepar.lock')).toEqual([])
    copyFileSync(placeIn(other).keyFile, placeIn(to).keyFile)
    await expect(restore(backup, to, { key: keyFile })).rejects.toThrow(/is another key than/)
    const again = temporaryFolder()
    copyFileSync(keyFile, placeIn(again).keyFile)
    expect(await restore(backup, again)).toMatchObject({ key: placeIn(again).keyFile })
  })

  test('puts nothing in place that is damaged, tampered with, foreign, or not whole', async () => {
    const folder = await writtenStore(3_000)
    const backup = join(folder, 'backup.db')
    await backUp(folder)
    const { keyFile } = placeIn(folder)
    const bad = join(folder, 'bad.db')
    const to = temporaryFolder()
    const damaged = new RegExp(`^${bad} is damaged, or no database: use another backup$`)
    const refused = async (reason: RegExp) => {
      await expect(restore(bad, to, { key: keyFile })).rejects.toThrow(reason)
      expect(readdirSync(to).filter((name) => name !== 'hepar.lock')).toEqual([])
    }
    const bytes = readFileSync(backup)
    writeFileSync(bad, withDamage(bytes))
    await refused(damaged)
    writeFileSync(bad, bytes.subarray(0, bytes.length / 2))
    await refused(damaged)
    writeFileSync(bad, 'hello')
    await refused(damaged)
    copyFileSync(backup, bad)
    const db = openToTamper(bad)
    db.exec('delete from audit where seq = 1500')
    db.close()
    await refused(/does not verify: event 1500 is missing.*; use another backup, and keep this one as evidence$/)
    copyFileSync(backup, bad)
    writeFileSync(`${bad}-wal`, 'what was written last')
    await refused(/is not whole without .*-wal/)
    const theirs = join(folder, 'theirs.db')
    const foreign = new DatabaseSync(theirs)
    foreign.exec('create table t (a)')
    foreign.close()
    await expect(restore(theirs, to, { key: keyFile })).rejects.toThrow(/is no backup of Hepar/)
    await expect(restore(join(folder, 'none.db'), to)).rejects.toThrow(/there is no backup/)
  })

  test('that does not fit says whose disk is full, and leaves nothing there', async () => {
    const folder = await writtenStore(20_000)
    const { file } = await backUp(folder)
    using disk = mountSmallDisk(join(folder, 'small'), '1m')
    await expect(restore(file, disk.folder, { key: placeIn(folder).keyFile })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: `${disk.folder} has no room for the backup: free some space on its disk`,
    })
    expect(readdirSync(disk.folder)).toEqual(['hepar.lock'])
  })

  test('that was killed half-way can be made again', async () => {
    const folder = await writtenStore()
    await backUp(folder, { withKey: true })
    const to = temporaryFolder()
    writeFileSync(join(to, 'hepar.db.restoring'), 'half a database')
    copyFileSync(placeIn(folder).keyFile, placeIn(to).keyFile)
    expect(await restore(join(folder, 'backup.db'), to)).toMatchObject({ seq: 50 })
    expect(readdirSync(to).sort()).toEqual(['audit.key', 'hepar.db', 'hepar.lock'])
  })
})
