import { describe, expect, test } from 'vitest'
import { cancel } from '../../src/engine/operate/operate.ts'
import { previewRematch, rematch } from '../../src/engine/receive/rematch.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

/** The same simulation under a policy whose playbook has another name. */
function under(simulation: Simulation, revision: string, name = 'restart'): void {
  const { policy } = simulation
  simulation.policy = { ...policy, revision, playbooks: policy.playbooks.map((playbook) => ({ ...playbook, name })) }
}

describe('active alerts under another policy', () => {
  test('open the incidents it leads them to, and the ones they leave end', async () => {
    const simulation = await simulate({ playbook: { settleMs: 600_000 } })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    under(simulation, 'r2', 'other')
    expect(await previewRematch(simulation.policy, simulation.ports)).toEqual({ active: 1, willMatch: 1, willOpen: 1 })
    await rematch(null, 'ada', simulation.ports)
    const { store } = simulation
    expect(await store.read.incidents({ playbook: 'other', limit: 9 })).toMatchObject([{ state: 'open' }])
    await simulation.settle()
    expect(await store.read.incidents({ playbook: 'restart', limit: 9 })).toMatchObject([{ ending: 'cancelled' }])
  })

  test('are looked at once for each revision, and all open incidents look again', async () => {
    const simulation = await simulate({ playbook: { settleMs: 600_000 } })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    under(simulation, 'r2')
    for (let time = 0; time < 2; time += 1) await rematch(null, 'ada', simulation.ports)
    expect((await theIncident(simulation)).dueAt).toBe(simulation.now())
    expect((await typesOf(simulation)).filter((type) => type === 'alert.changed')).toEqual([])
    expect((await simulation.store.read.alerts('main', ['f-web']))[0]?.rulesRevision).toBe('r2')
  })

  test('do not open again what has ended under the same playbook', async () => {
    const simulation = await simulate()
    await simulation.deliver('web', 'firing')
    await cancel((await theIncident(simulation)).id, 'ada', 'mine', simulation.ports)
    under(simulation, 'r2')
    expect(await previewRematch(simulation.policy, simulation.ports)).toMatchObject({ willMatch: 1, willOpen: 0 })
    await rematch(null, 'ada', simulation.ports)
    expect(await theIncident(simulation)).toMatchObject({ state: 'closed' })
  })

  test('give what was refused another look, for what refused it may be what has changed', async () => {
    const refused = { kind: 'refused', reason: 'protected', final: true, evidence: {} } as const
    const simulation = await simulate({ actions: { plan: async () => refused } })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    expect(await theIncident(simulation)).toMatchObject({ ending: 'refused' })
    under(simulation, 'r2')
    expect(await previewRematch(simulation.policy, simulation.ports)).toMatchObject({ willMatch: 1, willOpen: 1 })
    await rematch(null, 'ada', simulation.ports)
    expect(await theIncident(simulation)).toMatchObject({ state: 'open', reopenings: 1 })
  })
})

test('a change of policy is an event with its revision and what it was about to match', async () => {
  const simulation = await simulate()
  await rematch({ active: 3, willMatch: 2, willOpen: 1 }, 'ada', simulation.ports)
  const [event] = await simulation.store.read.audit({ types: ['config.loaded'], limit: 9 })
  expect(event).toMatchObject({ actor: 'ada', body: { revision: 'r1', active: 3, willMatch: 2, willOpen: 1 } })
})
