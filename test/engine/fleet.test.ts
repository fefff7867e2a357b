import { expect, test } from 'vitest'
import { askTotal } from '../../src/engine/facts/fleet.ts'
import type { Sources } from '../../src/engine/ports.ts'
import { playedSources } from '../kit/played-world.ts'
import { somePlaybook, someRecord } from '../kit/records.ts'

const now = 1_000_000_000_000
const limits = { ...somePlaybook().limits, blastRadius: { percent: 25, count: null, of: 'count(up)' } }
type Reply = Awaited<ReturnType<Sources['query']>>

function ask(reply: Reply, alerts = [someRecord({ source: 'west' })]) {
  const asked: string[] = []
  const query = async (source: string, promql: string) => {
    asked.push(`${source}: ${promql}`)
    return reply
  }
  const sources = { ...playedSources({ now, patients: new Map() }), query }
  return askTotal({ limits }, alerts, { sources, clock: { now: () => now } }).then((total) => ({ total, asked }))
}
const sample = (value: number, at = now) => ({ value, at, labels: {} })

test('the Prometheus of the alert’s source is asked for the total', async () => {
  expect(await ask({ ok: true, samples: [sample(8)] })).toEqual({
    total: { ok: true, value: 8 },
    asked: ['west: count(up)'],
  })
})

test.each<[string, Reply]>([
  ['no answer', { ok: false, reason: 'away' }],
  ['an empty result', { ok: true, samples: [] }],
  ['two samples', { ok: true, samples: [sample(8), sample(8)] }],
  ['NaN', { ok: true, samples: [sample(Number.NaN)] }],
  ['infinity', { ok: true, samples: [sample(Number.POSITIVE_INFINITY)] }],
  ['a negative number', { ok: true, samples: [sample(-1)] }],
  ['an old sample', { ok: true, samples: [sample(8, now - 300_001)] }],
])('%s is no total', async (_, reply) => {
  expect((await ask(reply)).total).toMatchObject({ ok: false })
})

test('without an alert there is nobody to ask', async () => {
  expect(await ask({ ok: true, samples: [sample(8)] }, [])).toMatchObject({ total: { ok: false }, asked: [] })
})
