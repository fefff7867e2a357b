import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cancel, resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { type Patient, somePatient } from '../kit/played-world.ts'
import { type Simulation, simulatedPolicy, startSimulation } from '../kit/simulation.ts'
import { reliefPlaybook, restOf } from './relief.ts'

const who = fc.nat(1)
const anyDeed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fire' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('recover' as const), who }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 500, max: 700_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), after: fc.nat(14) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rules' as const), loaded: fc.boolean() }) },
)
type Deed = typeof anyDeed extends fc.Arbitrary<infer D> ? D : never

const anyPatient = fc.record({
  curable: fc.boolean(),
  relief: fc.constantFrom('never' as const, 'while' as const, 'for_good' as const, 'for_good' as const),
})

/** Two playbooks for the same targets, so that two of them may want the same relief. */
async function open(patients: readonly Patient[]) {
  const one = simulatedPolicy({ ...reliefPlaybook, continue: true })
  const loaded = { ...one, playbooks: [one.playbooks[0]!, { ...one.playbooks[0]!, name: 'second', continue: false }] }
  const gone = { ...loaded, revision: 'r2', playbooks: [] }
  return { simulation: await startSimulation(loaded, patients), loaded, gone }
}

async function tell(simulation: Simulation, patient: Patient, status: 'firing' | 'resolved'): Promise<void> {
  while ((await simulation.deliver(patient.name, status)) === null) await simulation.restart()
}

/** What an operator does; a refusal, or the death of the process, is an answer, too. */
async function command(deed: Extract<Deed, { which: number }>, { store, ports }: Simulation): Promise<void> {
  const incidents = await store.read.incidents({ limit: 9 })
  const incident = incidents[deed.which % Math.max(1, incidents.length)]
  const verb = deed.do === 'cancel' ? cancel : resume
  if (incident) await verb(incident.id, 'ada', 'because', ports).catch(() => {})
}

async function carryOut(deed: Deed, patients: readonly Patient[], world: Awaited<ReturnType<typeof open>>) {
  const { simulation } = world
  if (deed.do === 'fire' || deed.do === 'recover') {
    const patient = patients[deed.who]!
    patient.ill = deed.do === 'fire'
    await tell(simulation, patient, patient.ill ? 'firing' : 'resolved')
  } else if (deed.do === 'pass') simulation.pass(deed.ms)
  else if (deed.do === 'crash') simulation.crashAfter(deed.after)
  else if (deed.do === 'rules') simulation.policy = deed.loaded ? world.loaded : world.gone
  else if (deed.do === 'pause') {
    await setPause(deed.on ? { reason: 'drill', until: null } : null, 'ada', simulation.ports).catch(() => {})
  } else if (deed.do !== 'settle') await command(deed, simulation)
  if (deed.do !== 'crash') await simulation.settle()
  if (simulation.dead) await simulation.restart()
}

test('through crashes, commands and relapses no temporary effect stays for ever, and never two are on a target', async () => {
  let runs = 0
  let held = 0
  let mitigated = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyDeed, { minLength: 3, maxLength: 25 }),
      fc.tuple(anyPatient, anyPatient),
      async (deeds, kinds) => {
        const patients = kinds.map(({ curable, relief }, index) => somePatient(`p${index}`, curable, relief))
        for (const patient of patients) patient.ill = false
        const world = await open(patients)
        const { simulation } = world
        runs += 1
        try {
          for (const deed of [{ do: 'fire', who: 0 } as const, ...deeds]) await carryOut(deed, patients, world)
          simulation.crashAfter(Number.POSITIVE_INFINITY)
          await restOf(simulation)
          for (const { eased, twice, reverts } of patients) {
            expect({ eased, twice }).toEqual({ eased: false, twice: 0 })
            for (const { key } of reverts) expect(key).toMatch(/^revert:/)
          }
          const { read } = simulation.store
          held += (await read.audit({ types: ['incident.holding'], limit: 100 })).length > 0 ? 1 : 0
          for (const { id, ending } of await read.incidents({ limit: 100, endings: ['mitigated', 'healed'] })) {
            const last = (await read.attemptsOf(id)).at(-1)
            expect(last?.checks.some(({ positive, passed }) => positive && passed)).toBe(true)
            expect(last?.reverts !== null).toBe(ending === 'mitigated')
            if (ending === 'mitigated') mitigated += 1
          }
        } finally {
          await simulation.close()
        }
      },
    ),
    { numRuns: 30 },
  )
  expect(held / runs).toBeGreaterThan(0.2)
  expect(mitigated).toBeGreaterThan(0)
}, 180_000)
