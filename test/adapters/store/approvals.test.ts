import { expect, test } from 'vitest'
import { someApproval } from '../../kit/records.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { sampleIncident } from './samples.ts'

async function asked() {
  const store = await openIn(temporaryFolder())
  await store.transaction('test', async (tx) => {
    await tx.openIncidents([sampleIncident()])
    await tx.insertApproval(someApproval())
  })
  return store
}

test('an incident asks for one approval at a time, whoever writes, and for another once that is over', async () => {
  const store = await asked()
  const second = someApproval({ id: 'ask2' })
  const ask = () => store.transaction('test', (tx) => tx.insertApproval(second))
  await expect(ask()).rejects.toMatchObject({ code: 'stale_write' })
  const approved = someApproval({ state: 'approved' })
  await store.transaction('test', (tx) => tx.saveApproval(approved, 'pending'))
  await expect(ask()).rejects.toMatchObject({ code: 'stale_write' })
  await store.transaction('test', (tx) => tx.saveApproval({ ...approved, state: 'used' }, 'approved'))
  await ask()
  expect(await store.read.liveApproval('i1')).toEqual(second)
  expect((await store.read.approvalsOf('i1')).map(({ id, state }) => [id, state])).toEqual([
    ['ask1', 'used'],
    ['ask2', 'pending'],
  ])
})

test('what has become another in the meantime is not written over', async () => {
  const store = await asked()
  await store.transaction('test', (tx) => tx.saveApproval(someApproval({ state: 'rejected' }), 'pending'))
  const late = store.transaction('test', (tx) => tx.saveApproval(someApproval({ state: 'approved' }), 'pending'))
  await expect(late).rejects.toMatchObject({ code: 'stale_write' })
  expect(await store.read.approvalsOf('i1')).toMatchObject([{ state: 'rejected' }])
})
