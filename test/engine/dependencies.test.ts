import { expect, test } from 'vitest'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { somePatient } from '../kit/played-world.ts'
import { patientAlert, type Simulation, simulatedPolicy, someDelivery, startSimulation } from '../kit/simulation.ts'

/** One playbook for the cause, another for whatever depends on it. */
function policyOf(more: Partial<Playbook> = {}): Policy {
  const policy = simulatedPolicy()
  const [cause] = policy.playbooks
  const when = { all: [{ fact: 'labels', path: '$.name', operator: 'glob', value: 'leaf*' }] }
  const dependsOn = [['container/', { root: 'labels', name: 'host', escape: 'none' }, '/cause']] as const
  return { ...policy, playbooks: [{ ...cause!, name: 'leaves', priority: 1, when, dependsOn, ...more }, cause!] }
}

const leaves = Array.from({ length: 30 }, (_, index) => `leaf${index}`)

async function fallIll({ ports, now }: Simulation, names: readonly string[]): Promise<void> {
  await receive(someDelivery(names.map((name) => patientAlert(name, { startsAt: now() }))), 'webhook', ports)
}

async function recover(simulation: Simulation, names: readonly string[]): Promise<void> {
  for (const name of names) {
    simulation.patients.get(name)!.ill = false
    await simulation.deliver(name, 'resolved')
  }
}

function restartsOf({ patients }: Simulation) {
  return [...patients.values()].flatMap(({ name, restarts }) => restarts.map(() => name))
}

test('the cause is healed first, and what depends on it recovers by itself without an effect', async () => {
  const simulation = await startSimulation(
    policyOf(),
    ['cause', ...leaves].map((name) => somePatient(name)),
  )
  await fallIll(simulation, ['cause', ...leaves])
  await simulation.settle()
  const [leaf] = await simulation.store.read.incidents({ target: 'container/local/leaf0', limit: 1 })
  const [cause] = await simulation.store.read.incidents({ target: 'container/local/cause', limit: 1 })
  expect(leaf?.waiting).toMatchObject({
    gate: 'dependencies',
    reason: expect.stringContaining(cause!.id),
    on: ['container/local/cause'],
  })
  expect(restartsOf(simulation)).toEqual(['cause'])
  simulation.pass(5_000)
  await simulation.settle()
  await recover(simulation, leaves)
  const incidents = await untilAtRest(simulation)
  expect(restartsOf(simulation)).toEqual(['cause'])
  expect(incidents.filter(({ ending }) => ending === 'self_recovered')).toHaveLength(leaves.length)
  expect(incidents.find(({ id }) => id === cause!.id)).toMatchObject({ ending: 'healed' })
  await simulation.close()
})

test('leaves whose alerts come a little before the cause shows wait with `settle`', async () => {
  const simulation = await startSimulation(
    policyOf({ settleMs: 30_000 }),
    ['cause', ...leaves].map((name) => somePatient(name)),
  )
  await fallIll(simulation, leaves)
  await simulation.settle()
  simulation.pass(15_000)
  await fallIll(simulation, ['cause'])
  await simulation.settle()
  simulation.pass(16_000)
  await simulation.settle()
  await recover(simulation, leaves)
  await untilAtRest(simulation)
  expect(restartsOf(simulation)).toEqual(['cause'])
  await simulation.close()
})

test('when the cause is well and a leaf is not, the leaf looks again at once, and others at a pace', async () => {
  const simulation = await startSimulation(
    policyOf(),
    ['cause', ...leaves].map((name) => somePatient(name)),
  )
  await fallIll(simulation, ['cause', ...leaves])
  await simulation.settle()
  let closedAt = 0
  for (let step = 0; step < 400; step += 1) {
    simulation.pass(100)
    await simulation.settle()
    const [cause] = await simulation.store.read.incidents({ target: 'container/local/cause', limit: 1 })
    closedAt = cause?.closedAt ?? 0
    if (closedAt > 0 && simulation.now() > closedAt + 2_000) break
  }
  const starts = leaves.flatMap((name) => simulation.patients.get(name)!.restarts.map(({ at }) => at - closedAt))
  expect(Math.min(...starts)).toBeLessThan(500)
  expect(starts.length).toBeGreaterThan(3)
  expect(starts.length).toBeLessThanOrEqual(12)
  await simulation.close()
})

test('a circle ends with a person, not with waiting for ever', async () => {
  const policy = simulatedPolicy()
  const [first] = policy.playbooks
  const of = (name: string, other: string) => ({
    ...first!,
    name: `of-${name}`,
    priority: 1,
    when: { all: [{ fact: 'labels', path: '$.name', operator: 'equal', value: name }] },
    dependsOn: [[`container/local/${other}`]],
  })
  const playbooks = [of('a', 'b'), of('b', 'a')]
  const simulation = await startSimulation({ ...policy, playbooks }, [somePatient('a'), somePatient('b')])
  await fallIll(simulation, ['a', 'b'])
  const incidents = await untilAtRest(simulation)
  expect(incidents.map(({ state }) => state)).toEqual(['handed_over', 'handed_over'])
  expect(restartsOf(simulation)).toEqual([])
  await simulation.close()
})
