import { expect, test } from 'vitest'
import { handOver } from '../../src/engine/end/hand-over.ts'
import { sampleAlert } from '../adapters/store/samples.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

async function handingOver(channel: string | null) {
  const simulation = await simulate()
  await simulation.deliver('web', 'firing')
  const { store, ports } = simulation
  const outbox = () => store.read.outboxDue(1e15, 10)
  const handsOver = async (label = 'test') => {
    const incident = await theIncident(simulation)
    const options = { channel, reason: 'the ladder says so', now: simulation.now(), newId: ports.newId, dueAt: 9e6 }
    return store.transaction(label, (tx) => handOver(tx, incident, options))
  }
  return { simulation, outbox, handsOver }
}

test('a hand-over, its event and its message are one commit', async () => {
  const { simulation, outbox, handsOver } = await handingOver('oncall')
  simulation.crashAt('commit:before:test')
  await expect(handsOver()).rejects.toThrow()
  expect(await outbox()).toEqual([])
  await simulation.restart()
  expect(await typesOf(simulation)).not.toContain('incident.handed_over')
  await simulation.store.read.incident((await theIncident(simulation)).id)
  expect(await theIncident(simulation)).toMatchObject({ state: 'open', human: false })
})

test('a hand-over tells the channel what is ill, and the incident waits for a human', async () => {
  const { simulation, outbox, handsOver } = await handingOver('oncall')
  await handsOver()
  expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over', human: true, dueAt: 9e6 })
  const [message, ...more] = await outbox()
  expect(more).toEqual([])
  expect(message).toMatchObject({
    channel: 'oncall',
    body: { target: 'container/local/web', reason: 'the ladder says so', alerts: [{ fingerprint: 'f-web' }] },
  })
  expect(await typesOf(simulation)).toContain('incident.handed_over')
})

test('a hand-over of thousands of alerts tells of the first that fire, and how many there are', async () => {
  const { simulation, outbox, handsOver } = await handingOver('oncall')
  const { id } = await theIncident(simulation)
  const numbers = Array.from({ length: 500 }, (_, index) => `n${index}`)
  await simulation.store.transaction('test', async (tx) => {
    const status = (index: number) => (index < 480 ? 'resolved' : 'firing')
    const labels = { alertname: 'Ill', evil: 'x'.repeat(65_536) }
    await tx.saveAlerts(
      numbers.map((fingerprint, index) => sampleAlert({ fingerprint, labels, status: status(index) })),
    )
    await tx.attach(numbers.map((fingerprint) => ({ incident: id, source: 'main', fingerprint })))
  })
  await handsOver()
  const [message] = await outbox()
  const told = message?.body.alerts as { status: string }[]
  expect(message?.body).toMatchObject({ moreAlerts: 501 - told.length })
  expect(told.length).toBeGreaterThan(5)
  expect(told.slice(0, -1).every(({ status }) => status === 'firing')).toBe(true)
  expect(JSON.stringify(message?.body).length).toBeLessThan(50_000)
})

test('a hand-over without a channel sends nothing', async () => {
  const { outbox, handsOver } = await handingOver(null)
  await handsOver()
  expect(await outbox()).toEqual([])
})

test('an incident that stays ill with its human is not handed over again, however often it is looked at', async () => {
  const { simulation, outbox, handsOver } = await handingOver('oncall')
  await handsOver()
  for (let look = 0; look < 5; look += 1) {
    simulation.pass(10_000_000)
    await simulation.settle()
  }
  expect(await outbox()).toHaveLength(1)
  expect((await typesOf(simulation)).filter((type) => type === 'incident.handed_over')).toHaveLength(1)
})
