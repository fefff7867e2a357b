import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAuditKeys } from '../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../src/adapters/store/verify-log.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { playedAction, somePatient } from '../kit/played-world.ts'
import { type Simulation, simulatedPolicy, startSimulation } from '../kit/simulation.ts'

async function verifies({ folder }: Simulation) {
  return verifyLog({ file: join(folder, 'hepar.db'), keys: readAuditKeys(join(folder, 'audit.key')) })
}

describe('the life of an incident', () => {
  test('a curable target is restarted once and proven healed', async () => {
    const web = somePatient('web')
    const simulation = await startSimulation(simulatedPolicy(), [web])
    expect(await simulation.deliver('web', 'firing')).toBe('matched')
    expect(await simulation.deliver('web', 'firing')).toBe('duplicate')
    await untilAtRest(simulation)
    const [incident] = await simulation.store.read.incidents({ limit: 10 })
    expect(incident).toMatchObject({ state: 'closed', ending: 'healed', attempts: 1 })
    expect(web.restarts).toHaveLength(1)
    expect(await verifies(simulation)).toMatchObject({ ok: true })
    await simulation.close()
  })

  test('an incurable target is restarted once and handed over once', async () => {
    const web = somePatient('web', false)
    const simulation = await startSimulation(simulatedPolicy(), [web])
    await simulation.deliver('web', 'firing')
    await untilAtRest(simulation)
    const [incident] = await simulation.store.read.incidents({ limit: 10 })
    expect(incident).toMatchObject({ state: 'handed_over', attempts: 1 })
    expect(web.restarts).toHaveLength(1)
    expect(await simulation.store.read.outboxDue(simulation.now(), 10)).toHaveLength(1)
    web.ill = false
    await simulation.deliver('web', 'resolved')
    simulation.pass(1_000)
    await simulation.settle()
    expect(await simulation.store.read.incident(incident!.id)).toMatchObject({ state: 'closed', ending: 'escalated' })
    expect(await simulation.store.read.outboxDue(simulation.now(), 10)).toHaveLength(1)
    await simulation.close()
  })

  test('a resolve before the start cancels it', async () => {
    const web = somePatient('web')
    const simulation = await startSimulation(simulatedPolicy(), [web])
    await simulation.deliver('web', 'firing')
    web.ill = false
    simulation.pass(1_000)
    await simulation.deliver('web', 'resolved')
    simulation.pass(1_000)
    await untilAtRest(simulation)
    expect(web.restarts).toHaveLength(0)
    const [incident] = await simulation.store.read.incidents({ limit: 10 })
    expect(incident).toMatchObject({ state: 'closed', ending: 'self_recovered' })
    await simulation.close()
  })

  test('ill again soon after it healed climbs the ladder in the same incident', async () => {
    const web = somePatient('web')
    const simulation = await startSimulation(simulatedPolicy(), [web])
    await simulation.deliver('web', 'firing')
    await untilAtRest(simulation)
    await simulation.deliver('web', 'resolved')
    simulation.pass(60_000)
    web.ill = true
    expect(await simulation.deliver('web', 'firing')).toBe('matched')
    await untilAtRest(simulation)
    const incidents = await simulation.store.read.incidents({ limit: 10 })
    expect(incidents).toHaveLength(1)
    expect(incidents[0]).toMatchObject({ state: 'handed_over', reopenings: 1, attempts: 1 })
    expect(web.restarts).toHaveLength(1)
    await simulation.close()
  })
})

test('only an idempotent action is started again after its end went unseen: once, with the same key', async () => {
  let repeated = 0
  for (const idempotent of [true, false]) {
    for (let checkpoints = 0; checkpoints < 16; checkpoints += 1) {
      const web = somePatient('web')
      const policy = { ...simulatedPolicy(), actions: [{ ...playedAction, idempotent }] }
      const simulation = await startSimulation(policy, [web])
      await simulation.deliver('web', 'firing')
      simulation.crashAfter(checkpoints)
      await simulation.settle()
      if (simulation.dead) await simulation.restart()
      simulation.crashAfter(Number.POSITIVE_INFINITY)
      await untilAtRest(simulation)
      const [incident] = await simulation.store.read.incidents({ limit: 1 })
      const attempts = await simulation.store.read.attemptsOf(incident!.id)
      const keys = new Set(attempts.map(({ idempotencyKey }) => idempotencyKey))
      if (!idempotent) expect(attempts).toHaveLength(1)
      expect(keys.size).toBe(1)
      if (attempts.length === 2) {
        repeated += 1
        expect(attempts[0]).toMatchObject({ outcome: 'unknown' })
        expect(web.restarts).toHaveLength(1)
        expect(incident).toMatchObject({ state: 'closed', ending: 'healed' })
      }
      await simulation.close()
    }
  }
  expect(repeated).toBeGreaterThan(0)
}, 120_000)

const anyDeed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fire' as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recover' as const), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 500, max: 200_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), after: fc.nat(14) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
)

test('through crashes at any point, no attempt starts twice, no false healed, nothing is left open', async () => {
  let runs = 0
  let healed = 0
  let crashes = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyDeed, { minLength: 3, maxLength: 25 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      async (deeds, curable) => {
        const patients = curable.map((can, index) => ({ ...somePatient(`p${index}`, can), ill: false }))
        const simulation = await startSimulation(simulatedPolicy(), patients)
        runs += 1
        try {
          for (const deed of [{ do: 'fire', who: 0 } as const, ...deeds]) {
            if (deed.do === 'fire') {
              patients[deed.who]!.ill = true
              // Alertmanager sends again what was not answered with 2xx.
              while ((await simulation.deliver(`p${deed.who}`, 'firing')) === null) await simulation.restart()
            } else if (deed.do === 'recover') {
              patients[deed.who]!.ill = false
              while ((await simulation.deliver(`p${deed.who}`, 'resolved')) === null) await simulation.restart()
            } else if (deed.do === 'pass') simulation.pass(deed.ms)
            else if (deed.do === 'crash') simulation.crashAfter(deed.after)
            if (deed.do !== 'crash') await simulation.settle()
            if (simulation.dead) {
              crashes += 1
              await simulation.restart()
            }
          }
          simulation.crashAfter(Number.POSITIVE_INFINITY)
          await untilAtRest(simulation)
          for (const { restarts } of patients) {
            expect(new Set(restarts.map(({ key }) => key)).size).toBe(restarts.length)
          }
          for (const incident of await simulation.store.read.incidents({ limit: 100 })) {
            const attempts = await simulation.store.read.attemptsOf(incident.id)
            expect(attempts.every(({ phase }) => phase === 'concluded')).toBe(true)
            if (incident.ending !== 'healed') continue
            healed += 1
            const { restarts } = patients.find(({ name }) => incident.target.endsWith(`/${name}`))!
            const last = attempts.at(-1)!
            expect(restarts.some(({ key }) => key === last.idempotencyKey)).toBe(true)
            expect(last.checks.some(({ positive, passed }) => positive && passed)).toBe(true)
          }
          expect(await verifies(simulation)).toMatchObject({ ok: true })
        } finally {
          await simulation.close()
        }
      },
    ),
    { numRuns: 30 },
  )
  expect(healed / runs).toBeGreaterThan(0.1)
  expect(crashes / runs).toBeGreaterThan(0.1)
}, 120_000)
