import type { Condition } from '../src/domain/playbook.ts'
import { createMatcher, factsOf } from '../src/engine/match/match.ts'
import { somePlaybook, someRecord } from '../test/kit/records.ts'
import { tempFolder } from '../test/kit/temp.ts'
import { median, ms, perSecond, seconds } from './figures.ts'
import type { BenchOptions, Findings } from './section.ts'
import { send } from './send.ts'
import { startHepar } from './servers.ts'

const few = 10
const many = 10_000

// The second condition looks at what every alert has for itself, so that no answer can be remembered.
const byEquality = (number: number): Condition => ({
  all: [
    { fact: 'labels', path: '$.service', operator: 'equal', value: `s-${number}` },
    { fact: 'labels', path: '$.name', operator: 'startsWith', value: 'n-' },
  ],
})
const byPrefix = (number: number): Condition => ({
  all: [{ fact: 'labels', path: '$.service', operator: 'startsWith', value: `s-${number}-` }],
})

/** What one alert costs beside ten playbooks and beside ten thousand. */
export async function playbooks({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  const matching = []
  for (let round = 0; round <= rounds; round += 1) {
    const pair = { few: await matchMicros(few, byEquality), many: await matchMicros(many, byEquality) }
    if (round > 0) matching.push(pair)
    say(`playbooks: matching ${pair.few.toFixed(1)} µs beside ${few}, ${pair.many.toFixed(1)} µs beside ${many}`)
  }
  const match = median(matching.map((pair) => pair.many / pair.few))
  const worstMs = (await matchMicros(many, byPrefix, 20)) / 1_000
  say(`playbooks: worst case ${ms(worstMs)}`)
  const over = await overHttp(rounds, quick, say)
  const [ofFew, ofMany] = [median(matching.map((pair) => pair.few)), median(matching.map((pair) => pair.many))]
  return {
    outcomes: [
      {
        id: 'playbooks.match',
        value: match,
        figure: `${match.toFixed(2)} ×`,
        detail: `the matcher alone, every alert new to it and matching one of them: ${ofFew.toFixed(1)} µs and ${ofMany.toFixed(1)} µs`,
      },
      {
        id: 'playbooks.intake',
        value: over.ratio,
        figure: `${over.ratio.toFixed(2)} ×`,
        detail: `deliveries of 10, each alert matching one of them: ${perSecond(over.few)} and ${perSecond(over.many)}; with 10,000 files Hepar starts in ${seconds(over.startMs / 1_000)}`,
      },
      {
        id: 'playbooks.worst',
        value: worstMs,
        figure: `${ms(worstMs)} for an alert`,
        detail: 'every playbook only asks for a prefix, so each of the 10,000 is evaluated, and none matches',
      },
    ],
  }
}

/** Microseconds that matching one alert takes that was never asked about before; every playbook has matched once. */
async function matchMicros(playbooks: number, when: (number: number) => Condition, alerts = 10_000): Promise<number> {
  const names = Array.from({ length: playbooks }, (_, number) => number)
  const matcher = createMatcher(names.map((number) => somePlaybook({ name: `p-${number}`, when: when(number) })))
  const begin = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => {
      const number = from + index
      const labels = { alertname: 'Ill', service: `s-${number % playbooks}`, name: `n-${number}`, severity: 'critical' }
      return factsOf(someRecord({ fingerprint: `f-${number}`, labels }))
    })
  const [warmUp, measured] = [begin(0, alerts), begin(alerts, 2 * alerts)]
  for (const facts of warmUp) await matcher.match(facts, 1)
  const begunAt = performance.now()
  for (const facts of measured) await matcher.match(facts, 1)
  return ((performance.now() - begunAt) * 1_000) / alerts
}

async function overHttp(rounds: number, quick: boolean, say: (line: string) => void) {
  await using folder = await tempFolder('bench')
  await using ofFew = await startHepar(folder.file('few'), { playbooks: files(few) })
  say(`playbooks: starting with ${many} files`)
  await using ofMany = await startHepar(folder.file('many'), { playbooks: files(many), readyWithinMs: 240_000 })
  const pairs: { few: number; many: number }[] = []
  const load = { alertsPerDelivery: 10, deliveries: quick ? 100 : 1_000, connections: 20 }
  for (let round = 0; round <= rounds; round += 1) {
    const from = round * load.alertsPerDelivery * load.deliveries
    const { alertsPerSecond: few } = await send(ofFew, { ...load, from, kind: { services: 10 } })
    const { alertsPerSecond: many } = await send(ofMany, { ...load, from, kind: { services: 10_000 } })
    if (round > 0) pairs.push({ few, many })
    say(`playbooks: over HTTP ${perSecond(few)} and ${perSecond(many)}${round === 0 ? ' (warm-up)' : ''}`)
  }
  return {
    ratio: median(pairs.map(({ few, many }) => few / many)),
    few: median(pairs.map(({ few }) => few)),
    many: median(pairs.map(({ many }) => many)),
    startMs: ofMany.readyMs,
  }
}

function files(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, number) => [
      `p-${number}`,
      `version: 1
when: { all: [{ fact: labels, path: $.service, operator: equal, value: s-${number} }] }
target: container/{{ labels.host }}/{{ labels.name }}
settle: 1d
steps: [{ action: container-restart }]
verify: [{ alert: cleared }]
`,
    ]),
  )
}
