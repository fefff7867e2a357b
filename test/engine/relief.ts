import type { Playbook, Step } from '../../src/domain/playbook.ts'
import { somePlaybook } from '../kit/records.ts'
import type { Simulation } from '../kit/simulation.ts'

const [restart, escalate] = somePlaybook().steps as readonly [Extract<Step, { kind: 'action' }>, Step]

/** Relief first, then a restart, then a human; proven by the alert and by how the patient looks. */
export const reliefPlaybook: Partial<Playbook> = {
  steps: [{ ...restart, action: 'relief' }, restart, escalate],
  verify: [
    { kind: 'cleared' },
    {
      kind: 'http',
      url: ['http://played/', { root: 'labels', name: 'name', escape: 'none' }],
      status: 200,
      timeoutMs: 1_000,
    },
  ],
}

/** Lets time pass until every incident is closed, or with a human and nothing temporary in force. */
export async function restOf(simulation: Simulation): Promise<void> {
  for (let round = 0; round < 600; round += 1) {
    await simulation.settle()
    const open = await simulation.store.read.incidents({
      states: ['open', 'waiting', 'awaiting_approval', 'acting', 'verifying', 'holding'],
      limit: 100,
    })
    if (open.length === 0 && (await simulation.store.read.effectsInForce()).length === 0) return
    const next = await simulation.store.read.nextDueAt()
    simulation.pass(Math.max(1_000, Math.min((next ?? 0) - simulation.now(), 60_000)))
  }
  throw new Error('the incidents do not come to rest, or something temporary stays in force')
}
