import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDataFolder } from '../../../src/adapters/store/data-lock.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { sampleEvent } from './samples.ts'

test('a second process on the folder is refused at once, and the lock dies with its holder, not with its children', async () => {
  const folder = temporaryFolder()
  const program = join(import.meta.dirname, 'lock-holder.ts')
  const holder = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const [printed] = await once(holder.stdout, 'data')
  const grandchild = Number(String(printed))
  onTestFinished(() => void process.kill(grandchild, 'SIGKILL'))
  const before = performance.now()
  expect(() => lockDataFolder(folder)).toThrow(`data folder ${folder} is in use by another Hepar (pid ${holder.pid})`)
  expect(performance.now() - before).toBeLessThan(1_000)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(process.kill(grandchild, 0)).toBe(true)
  lockDataFolder(folder).close()
})

test('the same process cannot take a folder twice, and can take it again after closing', () => {
  const folder = temporaryFolder()
  const lock = lockDataFolder(folder)
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(() => lockDataFolder(folder)).toThrow(expect.objectContaining({ code: 'conflict' }))
  }
  lock.close()
  lockDataFolder(folder).close()
})

test('a store whose lock was taken away takes nothing in any more, for another process may have the folder by now', async () => {
  const folder = temporaryFolder()
  const lock = lockDataFolder(folder)
  const store = await openIn(folder, { lock: lock.guarded })
  onTestFinished(async () => {
    await store.close()
    lock.close()
  })
  expect(store.health()).toMatchObject({ ok: true })
  rmSync(join(folder, 'hepar.lock'))
  const late = store.transaction('late', (tx) => tx.append([sampleEvent()]))
  await expect(late).rejects.toThrow('another Hepar may use the folder')
  expect(store.health()).toMatchObject({ ok: false })
})

test('a missing data folder is created private, a missing path to it is not', () => {
  const parent = temporaryFolder()
  const folder = join(parent, 'data')
  lockDataFolder(folder).close()
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  const far = join(parent, 'no/such')
  expect(() => lockDataFolder(far)).toThrow(`data folder ${far} cannot be used: ${join(parent, 'no')} does not exist`)
  expect(existsSync(join(parent, 'no'))).toBe(false)
  const file = join(parent, 'file')
  writeFileSync(file, '')
  expect(() => lockDataFolder(file)).toThrow('it is not a folder')
})
