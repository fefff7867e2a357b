import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, removeFiles } from '../../src/sdk/find-files.ts'
import { tempFolder } from '../kit/temp.ts'

const bounds = () => ({ signal: new AbortController().signal, timeoutMs: 30_000 })
const later = () => Date.now() + 60_000
const rule = () => ({ writtenBefore: later(), untouchedSince: later(), uid: null, bytesMax: 1_000 })

async function folderOf(files: number) {
  const folder = await tempFolder('find')
  const at = folder.file('x')
  mkdirSync(at)
  for (let index = 0; index < files; index++) writeFileSync(join(at, `f${index}`), '')
  return { folder, at }
}

test('a removal that has seen enough stops soon, however many files there are', async () => {
  const { folder, at } = await folderOf(30_000)
  await using _ = folder
  let seen = 0
  const ended = await removeFiles(at, rule(), null, () => ++seen < 1_000, bounds())
  expect(ended.stopped).toBe('enough')
  const removed = 30_000 - readdirSync(at).length
  expect(removed).toBeGreaterThanOrEqual(1_000)
  expect(removed).toBeLessThan(10_000)
}, 60_000)

test('a list that has seen enough ends', async () => {
  const { folder, at } = await folderOf(5_000)
  await using _ = folder
  let seen = 0
  expect(await listFiles(at, rule(), () => ++seen < 10, bounds())).toMatchObject({ stopped: 'enough' })
  expect(seen).toBe(10)
})
