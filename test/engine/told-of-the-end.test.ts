import { expect, test } from 'vitest'
import type { noticeEvents } from '../../src/domain/message.ts'
import { closeIncident } from '../../src/engine/end/close.ts'
import { tell } from '../../src/engine/tell/notices.ts'
import { sampleIncident } from '../adapters/store/samples.ts'
import { simulate } from './simulate.ts'

async function openIncident() {
  const simulation = await simulate()
  const { store, ports } = simulation
  const making = () => ({ now: simulation.now(), newId: ports.newId })
  await store.transaction('test', (tx) => tx.openIncidents([sampleIncident({ id: 'i1' })]))
  const say = (event: (typeof noticeEvents)[number], channels: readonly string[], key: string) =>
    store.transaction('test', (tx) => tell(tx, { event, dedupeKey: key, incident: 'i1', channels, body: {} }, making()))
  const close = () =>
    store.transaction('test', async (tx) => {
      const incident = (await tx.incident('i1'))!
      await closeIncident(tx, incident, { ending: 'escalated', reason: 'a person mended it', ...making() })
    })
  const reopen = () =>
    store.transaction('test', async (tx) => {
      const { ending: _, closedAt: __, ...rest } = (await tx.incident('i1'))!
      await tx.saveIncident({ ...rest, ending: null, closedAt: null, state: 'open' })
    })
  const told = async () => {
    const all = await store.read.outboxDue(simulation.now() + 1e9, 99)
    return all.filter(({ body }) => body.event === 'incident.closed')
  }
  const sendAll = async () => {
    for (let left = 1; left > 0; ) {
      const due = await store.read.outboxDue(simulation.now() + 1e9, 99)
      left = due.filter(({ body }) => body.event !== 'incident.closed').length
      for (const message of due) {
        if (message.body.event === 'incident.closed') continue
        await store.transaction('test', (tx) => tx.saveMessage({ ...message, sentAt: simulation.now() }))
      }
    }
  }
  return { say, close, reopen, told, sendAll, store, simulation }
}

test('whoever was called or asked hears how it ended, each channel once, and nobody else', async () => {
  const { say, close, told, sendAll } = await openIncident()
  await say('incident.handed_over', ['oncall'], 'a')
  await say('approval.asked', ['oncall', 'chat'], 'b')
  await say('playbook.demoted', ['team'], 'c')
  await sendAll()
  await close()
  const messages = await told()
  expect(messages.map(({ channel }) => channel).sort()).toEqual(['chat', 'oncall'])
  expect(messages[0]?.body).toMatchObject({ incident: 'i1', ending: 'escalated', reason: 'a person mended it' })
})

test('an incident of which nobody was told ends in silence', async () => {
  const { close, told } = await openIncident()
  await close()
  expect(await told()).toEqual([])
})

test('after a relapse only a new call is followed up', async () => {
  const { say, close, reopen, told, sendAll, store, simulation } = await openIncident()
  await say('incident.handed_over', ['oncall'], 'a')
  await sendAll()
  await close()
  const [first] = await told()
  await store.transaction('test', (tx) => tx.saveMessage({ ...first!, sentAt: simulation.now() }))
  await reopen()
  await close()
  expect(await told()).toEqual([])
  await reopen()
  await say('incident.handed_over', ['oncall'], 'b')
  await sendAll()
  await close()
  expect(await told()).toHaveLength(1)
})
