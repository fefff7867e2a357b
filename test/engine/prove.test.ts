import { describe, expect, test } from 'vitest'
import type { CheckResult } from '../../src/domain/attempt.ts'
import type { Playbook, Probe } from '../../src/domain/playbook.ts'
import type { HttpProbe, OracleAnswer, Sources } from '../../src/engine/ports.ts'
import { prove, readCleared } from '../../src/engine/prove/prove.ts'
import { type Played, playedAction } from '../kit/played-world.ts'
import { someAttempt, someIncident, somePlaybook, someRecord } from '../kit/records.ts'
import { simulatedPolicy } from '../kit/simulation.ts'

const endedAt = 5_000
const rule = { loaded: true, healthy: true, evaluatedAt: endedAt + 1 }
const quiet = {
  kind: 'answered',
  firing: false,
  silencedBy: [],
  healingSilences: [],
  inhibitedBy: [],
  rule,
  detail: '',
} as const

describe('an alert has cleared', () => {
  test('by an evaluation of its loaded and healthy rule after the effect ended', () => {
    expect(readCleared(quiet, endedAt)).toEqual({ cleared: true, evaluatedAt: endedAt + 1 })
  })

  test.each<[string, OracleAnswer, RegExp]>([
    ['while it is active', { ...quiet, firing: true }, /still active/],
    ['while its source cannot be asked', { kind: 'unavailable', reason: 'refused' }, /refused/],
    ['by a source that has no oracle', { kind: 'not_applicable', reason: 'no oracle' }, /no oracle/],
    ['by an Alertmanager alone', { ...quiet, rule: null }, /no Prometheus/],
    ['when its rule is no longer loaded', { ...quiet, rule: { ...rule, loaded: false } }, /not loaded/],
    ['when its rule fails to evaluate', { ...quiet, rule: { ...rule, healthy: false } }, /fails to evaluate/],
    ['before its rule was ever evaluated', { ...quiet, rule: { ...rule, evaluatedAt: null } }, /not been evaluated/],
    ['by an evaluation as old as the effect', { ...quiet, rule: { ...rule, evaluatedAt: endedAt } }, /not been/],
  ])('never %s', (_, answer, reason) => {
    expect(readCleared(answer, endedAt)).toEqual({ cleared: false, reason: expect.stringMatching(reason) })
  })
})

interface World extends Played {
  readonly playbook?: Partial<Playbook>
  readonly hasVerify?: boolean
  readonly effect?: 'done' | 'unknown'
  readonly alerts?: readonly ReturnType<typeof someRecord>[]
}

async function proven(verify: readonly Probe[], world: World = {}) {
  const { playbook, hasVerify = false, effect = 'done', alerts, ...played } = world
  const policy = { ...simulatedPolicy(), actions: [{ ...playedAction, hasVerify }] }
  const attempt = someAttempt({ phase: 'verifying', effect, effectEndedAt: endedAt })
  const subject = {
    attempt,
    incident: someIncident(),
    playbook: somePlaybook({ verify, ...playbook }),
    alerts: alerts ?? [someRecord()],
    policy,
  }
  const unplayed = async () => {
    throw new Error('not played')
  }
  const sources = { names: () => ['main'], ask: async () => quiet, list: unplayed, query: unplayed, ...played.sources }
  const actions = { verify: unplayed, ...played.actions } as never
  return prove(subject, { sources: sources as Sources, actions, probeHttp: played.probeHttp ?? unplayed })
}

async function only(verify: Probe, world?: World): Promise<CheckResult> {
  const { checks } = await proven([verify], world)
  expect(checks).toHaveLength(1)
  return checks[0] as CheckResult
}

describe('a PromQL probe', () => {
  const probe: Probe = {
    kind: 'promql',
    query: ['well{name="', { root: 'labels', name: 'name', escape: 'promql' }, '"}'],
  }
  const samples = (...ats: number[]) => ({
    ok: true as const,
    samples: ats.map((at) => ({ value: 1, at, labels: {} })),
  })

  test('passes on samples that were taken after the effect ended, and asks the alert’s own source', async () => {
    const asked: string[][] = []
    const query: Sources['query'] = async (...question) => {
      asked.push(question)
      return samples(endedAt + 1, endedAt + 9)
    }
    expect(await only(probe, { sources: { query } })).toMatchObject({ passed: true, positive: true })
    expect(asked).toEqual([['main', 'well{name="web"}']])
  })

  test('fails when one sample is as old as the effect', async () => {
    const query = async () => samples(endedAt + 1, endedAt)
    const check = await only(probe, { sources: { query } })
    expect(check).toMatchObject({ passed: false, detail: expect.stringContaining('before the effect ended') })
  })

  test('fails on an empty result', async () => {
    expect(await only(probe, { sources: { query: async () => samples() } })).toMatchObject({ passed: false })
  })

  test('fails while its source does not answer', async () => {
    const query = async () => ({ ok: false as const, reason: 'refused' })
    expect(await only(probe, { sources: { query } })).toMatchObject({ passed: false, detail: 'refused' })
  })

  test('fails where a label that it names is missing', async () => {
    const alerts = [someRecord({ labels: { alertname: 'Ill' } })]
    expect(await only(probe, { alerts })).toMatchObject({ passed: false, detail: 'label "name" is missing' })
  })
})

describe('an HTTP probe', () => {
  const probe: Probe = { kind: 'http', url: ['http://web/health'], status: 204, timeoutMs: 100 }
  const answers =
    (status: number): HttpProbe =>
    async () => ({ ok: true, status })

  test('passes on the very status that was asked for', async () => {
    expect(await only(probe, { probeHttp: answers(204) })).toMatchObject({ passed: true, positive: true })
    expect(await only(probe, { probeHttp: answers(200) })).toMatchObject({ passed: false, detail: 'answered 200' })
  })

  test('fails without an answer', async () => {
    const probeHttp: HttpProbe = async () => ({ ok: false, reason: 'refused' })
    expect(await only(probe, { probeHttp })).toMatchObject({ passed: false, detail: 'refused' })
  })
})

describe('"alert: cleared"', () => {
  test('is necessary and never a proof, and gives the alerts as the source has them', async () => {
    const { checks, cleared } = await proven([{ kind: 'cleared' }])
    expect(checks).toMatchObject([{ passed: true, positive: false }])
    expect(cleared).toMatchObject([{ status: 'resolved', resolvedBy: 'oracle', resolvedConfirmed: true }])
  })

  test('fails while one of several alerts is still active', async () => {
    const alerts = [someRecord(), someRecord({ fingerprint: 'f2' })]
    const ask: Sources['ask'] = async ({ fingerprint }) => ({ ...quiet, firing: fingerprint === 'f2' })
    const { checks } = await proven([{ kind: 'cleared' }], { alerts, sources: { ask } })
    expect(checks).toMatchObject([{ passed: false }])
  })
})

describe('the action’s own probe', () => {
  test('is asked about the very plan, since the effect ended, beside the playbook’s', async () => {
    const asked: object[] = []
    const verify = async (call: object) => {
      asked.push(call)
      return { check: 'action', passed: true, positive: true, detail: '' }
    }
    const { checks } = await proven([{ kind: 'cleared' }], { hasVerify: true, actions: { verify } })
    expect(checks.map(({ check }) => check)).toEqual(['alert: cleared', 'action'])
    await proven([{ kind: 'cleared' }], { hasVerify: true, effect: 'unknown', actions: { verify } })
    expect(asked).toMatchObject([
      { plan: someAttempt().plan, effectEndedAt: endedAt, intendedAt: 2_000, effectSeen: true },
      { effectSeen: false },
    ])
  })
})

test('where nothing is declared that could prove anything, nothing is proven', async () => {
  expect((await proven([])).checks).toMatchObject([{ passed: false, positive: false }])
})
