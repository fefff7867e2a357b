import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createAuditKey, openAuditKeys, readAuditKeys, rotateAuditKey } from '../../../src/adapters/store/audit-key.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent } from './samples.ts'

const keyFile = () => join(temporaryFolder(), 'audit.key')

test('a new key file is private and holds one key that never prints itself', () => {
  const file = keyFile()
  const { current, all } = createAuditKey(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(all).toEqual([current])
  const hex = current.secret.export().toString('hex')
  expect(readFileSync(file, 'utf8')).toContain(`${current.id} ${hex}`)
  expect(inspect(current, { depth: 9 }) + JSON.stringify(current)).not.toContain(hex)
})

test('an existing key file is never replaced by a new one', () => {
  const file = keyFile()
  const { current } = createAuditKey(file)
  expect(() => createAuditKey(file)).toThrow('cannot be created (EEXIST)')
  expect(readAuditKeys(file).current.id).toBe(current.id)
})

test('rotation keeps the old keys and puts the new one in force', () => {
  const file = keyFile()
  const old = createAuditKey(file).current
  const id = rotateAuditKey(file)
  const keys = readAuditKeys(file)
  expect(keys.all.map((key) => key.id)).toEqual([old.id, id])
  expect(keys.current.id).toBe(id)
  expect(keys.all[0]?.secret.equals(old.secret)).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a key file that others may read is refused with the command that mends it', () => {
  const file = keyFile()
  createAuditKey(file)
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode)
    expect(() => readAuditKeys(file)).toThrow(`run chmod 600 ${file}`)
  }
})

test('a key file that is missing or no file is refused with what to do', () => {
  const file = keyFile()
  expect(() => readAuditKeys(file)).toThrow(`audit key ${file} is missing: put it back from your copy`)
  mkdirSync(file)
  expect(() => readAuditKeys(file)).toThrow(`audit key ${file} is not a file: put it back from your copy`)
})

test('a damaged key file is refused by line, without showing a key', () => {
  const file = keyFile()
  const { current } = createAuditKey(file)
  const good = readFileSync(file, 'utf8')
  const hex = current.secret.export().toString('hex')
  const damaged = [
    good.replace(hex, `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`),
    good.replace(hex, hex.slice(0, 40)),
    good.replace(current.id, 'ffffffffffffffff'),
    `${good}rubbish\n`,
  ]
  for (const text of damaged) {
    writeFileSync(file, text)
    const lineNumber = text.endsWith('rubbish\n') ? 4 : 3
    expect(() => readAuditKeys(file)).toThrow(`${file}:${lineNumber} is damaged`)
    expect(() => readAuditKeys(file)).not.toThrow(hex.slice(0, 40))
  }
  writeFileSync(file, '# nothing\n')
  expect(() => readAuditKeys(file)).toThrow('is empty')
})

test('a key file is made only for a log without events', () => {
  const file = keyFile()
  expect(() => openAuditKeys(file, 7)).toThrow('is missing, but the log has 7 events')
  const { current } = openAuditKeys(file, 0)
  expect(openAuditKeys(file, 7).current.id).toBe(current.id)
})

test('a store whose key is lost, or was exchanged, does not start', async () => {
  const folder = temporaryFolder()
  const { keyFile: file } = placeIn(folder)
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append([sampleEvent()]))
  await store.close()
  rmSync(file)
  await expect(openIn(folder)).rejects.toThrow('put the file back from your copy')
  await expect(openIn(folder)).rejects.toMatchObject({ code: 'config' })
  createAuditKey(file)
  await expect(openIn(folder)).rejects.toThrow('event 1 is signed with a key that is not in the key file')
})
