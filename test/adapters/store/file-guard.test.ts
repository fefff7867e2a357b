import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FileGuard, guardFiles } from '../../../src/adapters/store/file-guard.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent } from './samples.ts'

function guarded(shrinksTo = Number.POSITIVE_INFINITY): { file: string; guard: FileGuard } {
  const file = join(temporaryFolder(), 'guarded')
  writeFileSync(file, 'x'.repeat(100))
  return { file, guard: guardFiles([{ file, shrinksTo }]) }
}

test('a file that stays and grows is no problem', () => {
  const { file, guard } = guarded()
  appendFileSync(file, 'more')
  expect(guard.problem()).toBeNull()
  expect(() => guard.check()).not.toThrow()
})

test.each<[string, (file: string) => void]>([
  ['it was removed', (file) => rmSync(file)],
  ['it was cut', (file) => truncateSync(file, 99)],
  ['it was replaced by another file', (file) => swap(file)],
])('%s: that is a problem for ever, also when the file comes back', (what, harm) => {
  const { file, guard } = guarded()
  const whole = readFileSync(file)
  harm(file)
  expect(guard.problem()).toMatchObject({
    code: 'store_unavailable',
    message: `store ${file}: ${what} while Hepar was using it; stop Hepar, restore the data folder from a backup, and start it again`,
  })
  writeFileSync(file, whole)
  expect(() => guard.check()).toThrow(what)
})

test('a cut is noticed below the greatest size seen, and not above the size to which the store may shorten it', () => {
  const { file, guard } = guarded()
  appendFileSync(file, 'x'.repeat(100))
  expect(guard.problem()).toBeNull()
  truncateSync(file, 150)
  expect(guard.problem()?.message).toContain('it was cut')
  const log = guarded(60)
  truncateSync(log.file, 60)
  expect(log.guard.problem()).toBeNull()
  truncateSync(log.file, 59)
  expect(log.guard.problem()?.message).toContain('it was cut')
})

test('what is missing from the beginning cannot be guarded', () => {
  expect(() => guardFiles([{ file: '/nowhere/x', shrinksTo: 0 }])).toThrow('it was removed')
})

test('a commit into a file that was removed meanwhile is not reported as done', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder, { checkpoint: () => rmSync(placeIn(folder).file, { force: true }) })
  const refused = store.transaction('test', (tx) => tx.append([sampleEvent()]))
  await expect(refused).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('it was removed') })
})

function swap(file: string): void {
  copyFileSync(file, `${file}.copy`)
  renameSync(`${file}.copy`, file)
}
