import {
  closeSync,
  copyFileSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent } from './samples.ts'
import { openToTamper } from './tampering.ts'

/** A closed store with 400 events. */
async function written(): Promise<{ folder: string; file: string }> {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append(Array.from({ length: 400 }, () => sampleEvent())))
  await store.close()
  return { folder, file: placeIn(folder).file }
}

test('a truncated database is refused, wherever it was cut', async () => {
  const { folder, file } = await written()
  const whole = join(temporaryFolder(), 'whole')
  copyFileSync(file, whole)
  const { size } = statSync(whole)
  for (const left of [0, 50, 100, 4_096, Math.floor(size / 2), size - 4_096, size - 1]) {
    copyFileSync(whole, file)
    truncateSync(file, left)
    const open = openIn(folder)
    await expect(open, `${left} bytes left`).rejects.toThrow(`store ${file} cannot be used: it is truncated`)
    await expect(open).rejects.toThrow('restore the data folder from a backup')
    await expect(open).rejects.toMatchObject({ code: 'store_unavailable' })
  }
  copyFileSync(whole, file)
  expect(await (await openIn(folder)).read.auditHead()).toMatchObject({ seq: 400 })
})

test('a database truncated after a crash is refused, but not one whose other pages are still in its log', async () => {
  const running = temporaryFolder()
  const { file } = placeIn(running)
  const store = await openIn(running)
  await store.transaction('test', (tx) => tx.append(Array.from({ length: 400 }, () => sampleEvent())))
  const crashed = temporaryFolder()
  const left = placeIn(crashed)
  copyFileSync(placeIn(running).keyFile, left.keyFile)
  copyFileSync(file, left.file)
  copyFileSync(`${file}-wal`, `${left.file}-wal`)
  await store.close()
  // The first page is copied back first: a crash right after it leaves a header that tells of pages yet to come.
  const pageBytes = readFileSync(file).readUInt16BE(16)
  const pages = statSync(file).size / pageBytes
  expect(statSync(left.file).size / pageBytes).toBeLessThan(pages)
  const descriptor = openSync(left.file, 'r+')
  const count = Buffer.alloc(4)
  count.writeUInt32BE(pages)
  writeSync(descriptor, count, 0, 4, 28)
  closeSync(descriptor)
  const lost = temporaryFolder()
  copyFileSync(left.keyFile, placeIn(lost).keyFile)
  copyFileSync(left.file, placeIn(lost).file)
  const recovered = await openIn(crashed)
  expect(await recovered.read.auditHead()).toMatchObject({ seq: 400 })
  await expect(openIn(lost)).rejects.toThrow('it is truncated')
})

test('a database under a second name is refused, for the other name has a lock and a log of its own', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'hepar.db')
  await (await openIn(folder)).close()
  const other = temporaryFolder()
  linkSync(file, join(other, 'hepar.db'))
  await expect(openIn(other)).rejects.toThrow('has a second name (a hard link)')
  await expect(openIn(folder)).rejects.toThrow('has a second name (a hard link)')
  rmSync(join(other, 'hepar.db'))
  symlinkSync(file, join(other, 'hepar.db'))
  await expect(openIn(other)).rejects.toThrow(`it is a link to ${file}: name that file in "store"`)
  await (await openIn(folder)).close()
})

test('a file that is no database is refused', async () => {
  const folder = temporaryFolder()
  const { file } = placeIn(folder)
  for (const content of ['x', 'hello world '.repeat(1_000)]) {
    writeFileSync(file, content)
    await expect(openIn(folder)).rejects.toThrow('it is not a database: move it away')
  }
})

test('a database that is gone while its log is there is refused', async () => {
  const { folder, file } = await written()
  writeFileSync(`${file}-wal`, 'frames')
  rmSync(file)
  await expect(openIn(folder)).rejects.toThrow(`it is missing, but ${file}-wal is there`)
})

test('a log whose last events do not verify is refused at the start, an older change is left to the full check', async () => {
  const { folder, file } = await written()
  const change = (seq: number, actor: string) => {
    const db = openToTamper(file)
    db.prepare('update audit set actor = ? where seq = ?').run(actor, seq)
    db.close()
  }
  change(100, 'intruder')
  await (await openIn(folder)).close()
  change(100, 'engine')
  for (const seq of [201, 300, 400]) {
    change(seq, 'intruder')
    await expect(openIn(folder)).rejects.toThrow(`event ${seq} was changed, inserted or moved`)
    await expect(openIn(folder)).rejects.toThrow('hepar audit verify')
    change(seq, 'engine')
  }
  await (await openIn(folder)).close()
})

test('a page of rubbish in the middle is an unusable store, not a bug', async () => {
  const { folder, file } = await written()
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(statSync(file).size - 8_192, 0xab), 0, statSync(file).size - 8_192, 8_192)
  closeSync(descriptor)
  await expect(openIn(folder)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(() => new DatabaseSync(file).prepare('select * from audit').all()).toThrow('malformed')
})
