import { expect, test } from 'vitest'
import { noStorm } from '../../src/domain/storm.ts'
import type { Tx } from '../../src/engine/ports.ts'
import { afterArrivals } from '../../src/engine/storm/watch-storm.ts'
import { simulatedPolicy } from '../kit/simulation.ts'

test.each([
  ['observe', 0],
  ['auto', 1],
] as const)('what opens of a playbook in mode %s looks at the storm %d times in its commit', async (mode, looks) => {
  const base = simulatedPolicy()
  const [playbook] = base.playbooks
  const policy = { ...base, playbooks: [{ ...playbook!, name: 'ill', mode }] }
  const seen = { looks: 0 }
  const tx = {
    stormRecord: async () => noStorm,
    arrivalAt: async () => {
      seen.looks += 1
      return null
    },
  } as unknown as Tx
  const ports = { clock: { now: () => 1_000 }, newId: () => 'id', policy: { current: () => policy } }
  const opened = { type: 'incident.opened', at: 1_000, actor: 'engine', playbook: 'ill', body: {} } as const
  await afterArrivals(tx, [opened, opened], ports)
  expect(seen.looks).toBe(looks)
})
