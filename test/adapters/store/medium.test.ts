import { rmSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readAuditKeys } from '../../../src/adapters/store/audit-key.ts'
import { lockDataFolder } from '../../../src/adapters/store/data-lock.ts'
import { exportLog } from '../../../src/adapters/store/export-log.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import { mountSmallDisk, type SmallDisk } from '../../kit/small-disk.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent, sampleIncident } from './samples.ts'

function smallDisk(): SmallDisk {
  const disk = mountSmallDisk(temporaryFolder(), '4m')
  onTestFinished(() => disk[Symbol.dispose]())
  return disk
}

test('a full disk fails every writer with "store unavailable", and once freed the same process goes on', async () => {
  const { folder, fill } = smallDisk()
  const store = await openIn(folder)
  const heard: number[] = []
  store.onCommit((events) => heard.push(...events.map(({ seq }) => seq)))
  const write = (name: string) =>
    store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident({ id: name, target: `redis/${name}` })])
      await tx.append([sampleEvent({ incident: name })])
    })
  await write('before')
  const free = fill()
  const refused = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => write(`full${index}`)))
  for (const result of refused) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
    const { reason } = result as PromiseRejectedResult
    expect(reason.message).toContain('the disk is full; free some space')
    expect(reason.cause).toMatchObject({ code: 'ERR_SQLITE_ERROR' })
  }
  expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining('the disk is full') })
  expect(heard).toEqual([1])
  expect((await store.read.incident('before'))?.id).toBe('before')
  free()
  await write('after')
  expect(store.health()).toEqual({ ok: true, reason: null })
  expect(heard).toEqual([1, 2])
  const { file, keyFile } = placeIn(folder)
  expect(await verifyLog({ file, keys: readAuditKeys(keyFile) })).toMatchObject({ ok: true, count: 2 })
  expect((await store.read.incidents({ limit: 99 })).map(({ id }) => id).sort()).toEqual(['after', 'before'])
})

test('a disk that fills up between the work and the commit fails the whole group', async () => {
  const { folder, fill } = smallDisk()
  let free = () => {}
  let armed = true
  const checkpoint = (name: string) => {
    if (armed && name === 'commit:before:last') free = fill()
  }
  const store = await openIn(folder, { checkpoint })
  const labels = ['first', 'second', 'last']
  const write = (label: string) => store.transaction(label, (tx) => tx.append([sampleEvent({ body: { label } })]))
  const refused = await Promise.allSettled(labels.map(write))
  expect(refused.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
    labels.map(() => 'store_unavailable'),
  )
  expect(await store.read.auditHead()).toMatchObject({ seq: 0 })
  armed = false
  free()
  await Promise.all(labels.map(write))
  expect(await store.read.auditHead()).toMatchObject({ seq: 3 })
})

test('a writer that swallows the failure of the medium is not told that it succeeded', async () => {
  const { folder, fill } = smallDisk()
  const store = await openIn(folder)
  const free = fill()
  const big = 'x'.repeat(90 * 1024 * 1024)
  const swallowed = store.transaction('test', async (tx) => {
    await tx.openIncidents([sampleIncident({ reason: big })]).catch(() => {})
    return 'all is well'
  })
  await expect(swallowed).rejects.toMatchObject({ code: 'store_unavailable' })
  free()
})

test('health recovers by itself when nobody writes', async () => {
  const { folder, fill } = smallDisk()
  const lines: string[] = []
  const note = (_: object, message: string) => void lines.push(message)
  const store = await openIn(folder, { log: { debug: note, info: note, warn: note, error: note } })
  const free = fill()
  await expect(store.transaction('test', (tx) => tx.append([sampleEvent()]))).rejects.toThrow('the disk is full')
  expect(store.health().ok).toBe(false)
  free()
  await vi.waitFor(() => expect(store.health()).toEqual({ ok: true, reason: null }), { timeout: 20_000 })
  expect(lines).toEqual(['store cannot be written', 'store is writable again'])
})

test('a disk that the write-ahead log has filled is no reason to stand still: what it holds goes into the database', async () => {
  const { folder, fill } = smallDisk()
  const write = (store: Awaited<ReturnType<typeof openIn>>, number: number) =>
    store.transaction('test', (tx) =>
      tx.setPause({ reason: `${number}`.repeat(300_000), by: 'me', since: 1, until: null }),
    )
  const first = await openIn(folder)
  await write(first, 1)
  await first.close()
  const store = await openIn(folder)
  for (const number of [2, 3, 4]) await write(store, number)
  fill()
  await expect(write(store, 5)).rejects.toMatchObject({ code: 'store_unavailable' })
  // Writers that knock all the time do not keep it from looking after itself.
  await vi.waitFor(() => write(store, 6), { timeout: 10_000, interval: 50 })
  expect(store.health().ok).toBe(true)
  expect((await store.read.pause())?.reason).toMatch(/^6+$/)
})

test('a start on a full disk is refused, and possible once there is room', async () => {
  const { folder, fill } = smallDisk()
  const free = fill()
  await expect(openIn(folder)).rejects.toMatchObject({ code: 'store_unavailable' })
  free()
  await (await openIn(folder)).close()
  const freeAgain = fill()
  await expect(openIn(folder)).rejects.toMatchObject({ code: 'store_unavailable' })
  freeAgain()
  await (await openIn(folder)).close()
})

test('a read-only file system is named as the reason', async () => {
  const { folder, remount } = smallDisk()
  await (await openIn(folder)).close()
  remount('ro')
  await expect(openIn(folder)).rejects.toThrow(`data folder ${folder} cannot be used: its file system is read-only`)
  expect(() => lockDataFolder(folder)).toThrow('its file system is read-only')
  remount('rw')
  await (await openIn(folder)).close()
})

test('a log that was put away read-only, as evidence, is verified and exported as it lies there', async () => {
  const { folder, remount } = smallDisk()
  const { file, keyFile } = placeIn(folder)
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append([sampleEvent(), sampleEvent()]))
  await store.close()
  remount('ro')
  expect(await verifyLog({ file, keys: readAuditKeys(keyFile) })).toMatchObject({ ok: true, count: 2 })
  const lines: string[] = []
  for await (const line of exportLog({ file })) lines.push(line)
  expect(lines).toHaveLength(3)
  remount('rw')
})

test('a missing data folder is named as the reason', async () => {
  const folder = temporaryFolder()
  rmSync(folder, { recursive: true })
  await expect(openIn(folder)).rejects.toThrow(`data folder ${folder} cannot be used: it does not exist: create it`)
})
