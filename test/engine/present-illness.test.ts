import { describe, expect, test } from 'vitest'
import type { AlertRecord } from '../../src/domain/alert.ts'
import { verifyRound } from '../../src/engine/act/verify.ts'
import { loadFacts } from '../../src/engine/load-facts.ts'
import type { OracleAnswer, Sources } from '../../src/engine/ports.ts'
import { alertsOfIllness } from '../../src/engine/prove/present-illness.ts'
import { somePatient } from '../kit/played-world.ts'
import { someRecord } from '../kit/records.ts'
import { simulatedPolicy, startSimulation } from '../kit/simulation.ts'

const acceptedAt = 1_000_000

async function present(...records: readonly Partial<AlertRecord>[]): Promise<readonly string[]> {
  const alertsOf = async () => records.map((record, index) => someRecord({ fingerprint: `f${index}`, ...record }))
  return (await alertsOfIllness({ alertsOf }, { id: 'i', acceptedAt })).map(({ fingerprint }) => fingerprint)
}

describe('the alerts of the present illness', () => {
  const old = { status: 'resolved', lastSeenAt: acceptedAt - 1, resolvedAt: acceptedAt - 1 } as const
  const firing = { status: 'firing', lastSeenAt: acceptedAt - 1, resolvedAt: null } as const

  test('are those that fire, however long ago they were heard of', async () => {
    expect(await present(firing, old)).toEqual(['f0'])
  })

  test('are those that resolved since it was accepted, by whose clock ever', async () => {
    const heard = { ...old, lastSeenAt: acceptedAt }
    const evaluated = { ...old, resolvedAt: acceptedAt }
    expect(await present(old, heard, evaluated)).toEqual(['f1', 'f2'])
  })

  test('are never none, for then nothing would have to clear', async () => {
    expect(await present(old, old)).toEqual(['f0', 'f1'])
  })
})

test('an alert that was over before this illness neither holds back its proof nor its end', async () => {
  const policy = simulatedPolicy()
  const simulation = await startSimulation(policy, [somePatient()])
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  const [incident] = await simulation.store.read.incidents({ limit: 1 })
  const [attempt] = await simulation.store.read.attemptsOf(incident!.id)
  expect(attempt).toMatchObject({ phase: 'verifying' })
  const drill = someRecord({
    fingerprint: 'drill',
    labels: { alertname: 'Ill', severity: 'drill' },
    status: 'resolved',
    startsAt: incident!.acceptedAt - 60_000,
    lastSeenAt: incident!.acceptedAt - 30_000,
    resolvedAt: incident!.acceptedAt - 30_000,
    resolvedConfirmed: false,
  })
  await simulation.store.transaction('drill', async (tx) => {
    await tx.saveAlerts([drill])
    await tx.attach([{ incident: incident!.id, ...drill }])
  })
  const now = simulation.now() + 10_000
  await verifyRound(attempt!, incident!, {
    store: simulation.store,
    clock: { now: () => now },
    newId: () => 'unused',
    policy: { current: () => policy },
    checkpoint: () => {},
    sources: { ask: async ({ fingerprint }) => answer(fingerprint !== 'drill', now) } as Sources,
    actions: { verify: async () => ({ check: 'played', passed: true, positive: true, detail: '' }) } as never,
    probeHttp: async () => ({ ok: false, reason: 'not played' }),
  })
  const looked = await simulation.store.read.attempt(attempt!.id)
  expect(looked?.checks.find(({ check }) => check === 'alert: cleared')).toMatchObject({ passed: true })
  const facts = await loadFacts(simulation.store.read, incident!.id, policy, () => false, now)
  expect(facts?.alerts.map(({ fingerprint }) => fingerprint)).toEqual(['f-web'])
  await simulation.close()
})

function answer(loaded: boolean, now: number): OracleAnswer {
  const rule = { loaded, healthy: loaded, evaluatedAt: loaded ? now : null }
  return { kind: 'answered', firing: false, silencedBy: [], healingSilences: [], inhibitedBy: [], rule, detail: '' }
}
