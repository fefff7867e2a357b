import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readAuditKeys } from '../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../src/adapters/store/verify-log.ts'
import type { ActionStep, Step } from '../../src/domain/playbook.ts'
import { resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { type Patient, somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { type Simulation, simulatedPolicy, startSimulation } from '../kit/simulation.ts'
import { reliefPlaybook } from './relief.ts'

const confirm = (simulation: Simulation) => setPause(null, 'ada', simulation.ports, { restored: true })

async function simulate(patients: readonly Patient[], policy = simulatedPolicy()): Promise<Simulation> {
  const simulation = await startSimulation(policy, patients)
  onTestFinished(() => simulation.close())
  return simulation
}

/** Lets hours pass, advancing whatever is due, when it is due. */
async function letPass(simulation: Simulation, hours = 2): Promise<void> {
  const until = simulation.now() + hours * 3_600_000
  while (simulation.now() < until) {
    await simulation.settle()
    const next = await simulation.store.read.nextDueAt()
    simulation.pass(Math.max(1_000, Math.min((next ?? until) - simulation.now(), 300_000)))
  }
}

const theIncident = async ({ store }: Simulation) => (await store.read.incidents({ limit: 1 }))[0]!
const effectsOn = ({ restarts, reverts, twice }: Patient) => [restarts.length, reverts.length, twice]

describe('a store restored from a backup', () => {
  test('does not repeat an effect that the original had not begun yet when the backup was made', async () => {
    const web = somePatient('web', false)
    const simulation = await simulate([web])
    await simulation.deliver('web', 'firing')
    await simulation.backUp('before')
    await letPass(simulation)
    expect(web.restarts).toHaveLength(1)
    await simulation.restore('before')
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    await letPass(simulation)
    expect(web.restarts).toHaveLength(1)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over', attempts: 0 })
    expect(await simulation.store.read.outboxDue(simulation.now(), 10)).toHaveLength(1)
    // The word of an operator lets new illnesses be healed, and of the old ones only those that he gives back.
    await confirm(simulation)
    await letPass(simulation)
    expect(web.restarts).toHaveLength(1)
    await resume((await theIncident(simulation)).id, 'ada', 'looked at it', simulation.ports)
    await letPass(simulation)
    expect(web.restarts).toHaveLength(2)
  })

  test.each(['effect:before', 'effect:after', 'commit:before:result', 'commit:after:result', 'verify:before'])(
    'calls an effect unknown that was under way (killed at %s), probes it, and never begins it again',
    async (point) => {
      const web = somePatient('web', false)
      const simulation = await simulate([web])
      await simulation.deliver('web', 'firing')
      simulation.crashAt(point)
      await simulation.settle()
      simulation.pass(5_000)
      await simulation.settle()
      expect(simulation.dead).toBe(true)
      await simulation.backUp('during')
      await simulation.restart()
      await letPass(simulation)
      const begun = web.restarts.length
      await simulation.restore('during')
      const [attempt] = await simulation.store.read.attemptsOf((await theIncident(simulation)).id)
      expect(attempt).toMatchObject({ phase: 'verifying', effect: 'unknown' })
      await expect(confirm(simulation)).rejects.toThrow(/attempts of the backup are still being probed/)
      await letPass(simulation)
      expect(await simulation.store.read.attempt(attempt!.id)).toMatchObject({ outcome: 'unknown' })
      expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
      expect(web.restarts).toHaveLength(begun)
      await confirm(simulation)
      await letPass(simulation)
      expect(web.restarts).toHaveLength(begun)
    },
  )

  test('gives what its ladder would lead on with to a person, also where the operator confirms before it was handed over', async () => {
    const web = somePatient('web', false)
    const [step, escalate] = simulatedPolicy().playbooks[0]!.steps as readonly [ActionStep, Step]
    const again: ActionStep = { ...step, on: { ineffective: 'next', failed: 'next', unknown: 'next' } }
    const limits = {
      ...somePlaybook().limits,
      cooldownMs: 0,
      attempts: [{ count: 9, windowMs: 3_600_000 }],
      maxWaitMs: 7 * 86_400_000,
    }
    const simulation = await simulate([web], simulatedPolicy({ steps: [again, again, escalate], limits }))
    await simulation.deliver('web', 'firing')
    simulation.crashAt('effect:after')
    await simulation.settle()
    await simulation.backUp('during')
    await simulation.restore('during')
    await letPass(simulation, 1)
    expect(await theIncident(simulation)).toMatchObject({ state: 'waiting', waiting: { gate: 'stop_switch' } })
    await confirm(simulation)
    await letPass(simulation, 1)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    expect(web.restarts).toHaveLength(1)
  })

  test('takes a temporary effect back only once an operator has confirmed', async () => {
    const web = somePatient('web', false, 'while')
    const simulation = await simulate([web], simulatedPolicy(reliefPlaybook))
    await simulation.deliver('web', 'firing')
    for (let round = 0; round < 20 && (await theIncident(simulation)).state !== 'holding'; round++) {
      await simulation.settle()
      simulation.pass(5_000)
    }
    await simulation.backUp('held')
    await simulation.restore('held')
    await letPass(simulation)
    expect(web).toMatchObject({ eased: true, reverts: [] })
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    await confirm(simulation)
    await letPass(simulation, 1)
    expect(web.eased).toBe(false)
    expect(web.reverts).toHaveLength(1)
  })

  test('says so in the log, and holds back what is new until an operator says that the world was looked at', async () => {
    const web = somePatient('web')
    const simulation = await simulate([web])
    await simulation.backUp('empty')
    const { seq, mac } = await simulation.store.read.auditHead()
    await simulation.restore('empty')
    const events = await simulation.store.read.audit({ limit: 10 })
    expect(events.slice(seq).map(({ type, seq }) => [seq, type])).toEqual([
      [seq + 1, 'store.restored'],
      [seq + 2, 'pause.set'],
    ])
    expect(events[seq]?.body).toMatchObject({ seq, mac, takenAt: expect.any(Number) })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    expect(await theIncident(simulation)).toMatchObject({
      state: 'waiting',
      waiting: { gate: 'stop_switch', until: null, unblock: expect.stringContaining('hepar unpause --restored') },
    })
    const plain = setPause(null, 'ada', simulation.ports)
    await expect(plain).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('hepar unpause --restored'),
    })
    const over = setPause({ reason: 'deploy', until: simulation.now() + 1 }, 'ada', simulation.ports)
    await expect(over).rejects.toMatchObject({ code: 'conflict' })
    await simulation.restart()
    await simulation.settle()
    expect(web.restarts).toEqual([])
    await confirm(simulation)
    await letPass(simulation, 1)
    expect(web.restarts).toHaveLength(1)
    expect(await theIncident(simulation)).toMatchObject({ ending: 'healed' })
  })

  test('goes on in the same chain, and a checkpoint from after the backup says what was lost', async () => {
    const web = somePatient('web')
    const simulation = await simulate([web])
    await simulation.backUp('early')
    await simulation.deliver('web', 'firing')
    await letPass(simulation, 1)
    const checkpoint = await simulation.store.read.auditHead()
    await simulation.restore('early')
    const keys = readAuditKeys(join(simulation.folder, 'audit.key'))
    const verify = (more = {}) => verifyLog({ file: join(simulation.folder, 'hepar.db'), keys, ...more })
    expect(await verify()).toMatchObject({ ok: true })
    const lost = expect.stringMatching(
      /event \d+ says that the store was restored from a backup on .*: what came after the backup is lost/,
    )
    expect(await verify({ checkpoint })).toMatchObject({ ok: false, problem: 'truncated', reason: lost })
    for (let number = 0; number < 40; number++)
      await simulation.deliver('web', number % 2 === 0 ? 'firing' : 'resolved')
    expect(await verify({ checkpoint })).toMatchObject({ ok: false, problem: 'checkpoint', reason: lost })
  })
})

const anyDeed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fire' as const), who: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('recover' as const), who: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 500, max: 700_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), after: fc.nat(14) }) },
)
type Deed = typeof anyDeed extends fc.Arbitrary<infer D> ? D : never

async function carryOut(deed: Deed, patients: readonly Patient[], simulation: Simulation): Promise<void> {
  if (deed.do === 'fire' || deed.do === 'recover') {
    const patient = patients[deed.who]!
    patient.ill = deed.do === 'fire'
    while ((await simulation.deliver(patient.name, patient.ill ? 'firing' : 'resolved')) === null)
      await simulation.restart()
  } else if (deed.do === 'pass') simulation.pass(deed.ms)
  else simulation.crashAfter(deed.after)
  if (deed.do !== 'crash') await simulation.settle()
}

test('whatever happened before and after a backup, the store restored from it touches nothing until it is confirmed', {
  timeout: 180_000,
}, async () => {
  const deeds = fc.array(anyDeed, { minLength: 1, maxLength: 10 })
  const kinds = fc.tuple(fc.boolean(), fc.boolean())
  const seen = { touched: 0, inFlight: 0 }
  await fc.assert(
    fc.asyncProperty(deeds, deeds, deeds, kinds, fc.boolean(), async (before, between, after, curable, relief) => {
      const patients = curable.map((cured, index) => somePatient(`p${index}`, cured, relief ? 'while' : 'never'))
      const simulation = await startSimulation(simulatedPolicy(relief ? reliefPlaybook : {}), patients)
      const live = async (some: readonly Deed[]) => {
        for (const deed of some) {
          await carryOut(deed, patients, simulation)
          if (simulation.dead) await simulation.restart()
        }
      }
      try {
        for (const deed of [{ do: 'fire', who: 0 } as const, ...before]) {
          if (simulation.dead) await simulation.restart()
          await carryOut(deed, patients, simulation)
        }
        // Often of a process that has just died, in the middle of something.
        await simulation.backUp('backup')
        if (simulation.dead) await simulation.restart()
        await live(between)
        simulation.crashAfter(Number.POSITIVE_INFINITY)
        await simulation.settle()
        const touched = patients.map(effectsOn)
        await simulation.restore('backup')
        seen.inFlight += (await simulation.store.read.activeAttempts()).length > 0 ? 1 : 0
        await live(after)
        simulation.crashAfter(Number.POSITIVE_INFINITY)
        await letPass(simulation, 1)
        expect(patients.map(effectsOn)).toEqual(touched)
        seen.touched += touched.flat().some((count) => count > 0) ? 1 : 0
      } finally {
        await simulation.close()
      }
    }),
    { numRuns: 30 },
  )
  expect(seen.touched).toBeGreaterThan(7)
  expect(seen.inFlight).toBeGreaterThan(1)
})
