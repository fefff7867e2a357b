import { expect, test } from 'vitest'
import type { Attempt } from '../../../src/domain/attempt.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { noon, sampleAttempt, sampleIncident } from './samples.ts'

const hour = 3_600_000
const budgets = [
  { count: 2, windowMs: hour },
  { count: 9, windowMs: 3 * hour },
]

/** One attempt each, on a target of its own unless it says so; all have concluded unless they say so. */
async function storeOf(attempts: readonly Partial<Attempt>[]) {
  const store = await openIn(temporaryFolder())
  await store.transaction('test', async (tx) => {
    await tx.openIncidents([sampleIncident()])
    for (const [index, more] of attempts.entries()) {
      const over = { phase: 'concluded', outcome: 'healed', concludedAt: noon } as const
      const target = `container/local/t${index}`
      const attempt = { id: `a${index}`, target, intendedAt: noon, ...over, ...more }
      await tx.insertAttempt(sampleAttempt({ ...attempt, plan: { ...sampleAttempt().plan, target: attempt.target } }))
    }
  })
  return store
}

const web = 'container/local/web'
const used = (windows: readonly { readonly used: number }[]) => windows.map((window) => window.used)

test('of all playbooks, of one, and on one target, what began in each window is counted, and no more', async () => {
  const store = await storeOf([
    { target: web, intendedAt: noon - hour },
    { target: web, intendedAt: noon - hour + 1 },
    { target: web, playbook: 'other' },
    { playbook: 'other', intendedAt: noon - 2 * hour },
    { intendedAt: noon + hour },
    { outcome: 'cancelled' },
    { target: web, reverts: 'a0' },
  ])
  const { read } = store
  expect(used(await read.attemptsBegun(null, budgets, noon))).toEqual([3, 5])
  expect(used(await read.attemptsBegun('other', budgets, noon))).toEqual([1, 2])
  expect(used(await read.attemptsBegun('nobody', budgets, noon))).toEqual([0, 0])
  expect(used(await read.actionsOn(web, budgets, noon))).toEqual([2, 3])
  const [short, long] = await read.attemptsBegun(null, budgets, noon)
  expect([short?.oldestAt, long?.oldestAt]).toEqual([noon + 1, noon + hour])
})

test('what a person has pardoned counts for no flapping and no loop, but for every rate', async () => {
  const store = await storeOf([{ target: web }, { target: web }])
  await store.transaction('test', (tx) => tx.takeUpAgain(web))
  expect(used(await store.read.actionsOn(web, budgets, noon))).toEqual([0, 0])
  expect(await store.read.effectsSince(noon - hour, 9)).toEqual([])
  expect(used(await store.read.attemptsBegun(null, budgets, noon))).toEqual([2, 2])
})

test('ill are targets with an open incident, under an effect, or with one in force; each counts once, and the asker not', async () => {
  const { playbook } = sampleIncident()
  const store = await storeOf([
    { playbook, phase: 'acting', outcome: null, concludedAt: null },
    { playbook, inForce: true },
    { playbook },
    { playbook: 'other', phase: 'acting', outcome: null, concludedAt: null },
  ])
  expect(await store.read.unwellBesides([playbook], web)).toMatchObject({ others: 2 })
  expect(await store.read.unwellBesides([playbook, 'other'], web)).toMatchObject({ others: 3 })
  expect(await store.read.unwellBesides([playbook], 'container/local/t0')).toEqual({
    others: 2,
    some: ['container/local/t1', web],
  })
})
