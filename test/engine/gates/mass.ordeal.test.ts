import { test } from 'vitest'
import type { StormLimits } from '../../../src/domain/storm.ts'
import type { Sources } from '../../../src/engine/ports.ts'
import { releaseStorm } from '../../../src/engine/storm/release-storm.ts'
import { ordeal, relapse, type Story, storiesMs } from '../../kit/ordeal.ts'
import { looksIll } from '../../kit/played-world.ts'
import { somePlaybook } from '../../kit/records.ts'
import { simulatedPolicy } from '../../kit/simulation.ts'

/** Limits that let nearly everything through, so that the gate under trial is what holds effects back. */
const generous = { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 1_000, windowMs: 86_400_000 }] }
const names = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5']

/** Those of whom Hepar was told, and who are ill all the same: each has an open incident. One who was told well a moment before may not. */
function illNow({ patients, illSince }: Story, wellAt: ReadonlyMap<string, number>): number {
  return patients.filter((patient) => {
    const since = illSince.get(patient.name)
    return looksIll(patient) && since !== undefined && since - (wellAt.get(patient.name) ?? 0) > 1_500
  }).length
}

test(
  'blast radius: never more ill than the share of the fleet and the count allow',
  async () => {
    type Reply = Awaited<ReturnType<Sources['query']>>
    const answers: readonly (number | 'away' | 'empty' | 'two' | 'old')[] = [
      8,
      12,
      4,
      3,
      Number.NaN,
      -8,
      'away',
      'empty',
      'two',
      'old',
    ]
    let answer: (typeof answers)[number] = 8
    let now = () => 0
    const wellAt = new Map<string, number>()
    const query = async (): Promise<Reply> => {
      if (answer === 'away') return { ok: false, reason: 'played' }
      const sample = { value: typeof answer === 'number' ? answer : 100, at: answer === 'old' ? 0 : now(), labels: {} }
      return { ok: true, samples: answer === 'empty' ? [] : answer === 'two' ? [sample, sample] : [sample] }
    }
    const limits = { ...generous, blastRadius: { percent: 25, count: 2, of: 'count(up)' } }
    const plain = simulatedPolicy({ limits, reopenWithinMs: 0 })
    const [playbook] = plain.playbooks
    // Every other one has a playbook of its own, which shares the fleet.
    const odd = { fact: 'labels', path: '$.name', operator: 'in', value: ['p1', 'p3', 'p5'] } as const
    const other = { ...playbook!, name: 'other', priority: 1, when: { all: [playbook!.when, odd] } }
    await ordeal({
      policy: { ...plain, playbooks: [other, playbook!] },
      names,
      begin: () => {
        answer = 8
        wellAt.clear()
      },
      played: { sources: { query } },
      told: (patient, ill, { simulation }) => {
        now = simulation.now
        if (!ill) wellAt.set(patient, now())
      },
      deeds: {
        fleet: {
          weight: 3,
          do: (_, pick) => {
            answer = answers[pick % answers.length] as typeof answer
          },
        },
        // An incident that an operator closes is no more counted: its target must be well by then.
        cure: {
          weight: 4,
          do: ({ patients }, pick) => {
            patients[pick % patients.length]!.ill = false
          },
        },
      },
      forbidden: (_, story) => {
        if (typeof answer !== 'number' || !(answer >= 0)) return `nobody knows the size of the fleet: ${answer}`
        const max = Math.min(2, Math.floor(answer / 4))
        const ill = illNow(story, wellAt)
        return ill > max ? `${ill} of ${answer} are ill` : null
      },
      relent: () => {
        answer = 1_000
      },
      shareMin: 0.1,
      passMsMax: 40_000,
      runs: 12,
    })
  },
  storiesMs,
)

test(
  'storm latch: nothing begins in a storm and its cool-down, and then one that helps before another',
  async () => {
    const storm: StormLimits = {
      incidentsMax: 3,
      windowMs: 60_000,
      coolDownMs: 120_000,
      ramp: [1, 2],
      stepMs: 20_000,
      errorsPercentMax: 25,
    }
    const base = simulatedPolicy({ limits: generous, reopenWithinMs: 0 })
    const policy = { ...base, config: { ...base.config, limits: { ...base.config.limits, storm } } }
    // The first illness of a target surely opens an incident; later ones may join one.
    const known = new Set<string>()
    let counted: number[] = []
    let latchedAt: number | null = null
    let storms = 0
    let firstTry: { readonly patient: string; readonly at: number } | null = null
    const forget = () => {
      counted = []
      latchedAt = null
      firstTry = null
    }
    const hear = (patient: string, ill: boolean, { simulation }: Story) => {
      const first = !known.has(patient)
      known.add(patient)
      if (!ill || !first) return
      const now = simulation.now()
      counted = [...counted.filter((at) => at > now - storm.windowMs), now]
      if (counted.length <= storm.incidentsMax) return
      storms += 1
      latchedAt = now
      firstTry = null
    }
    const release = async ({ simulation }: Story) => {
      // Whoever does not know whether it was done counts on nothing.
      forget()
      await releaseStorm('operator:ada', 'drill', simulation.ports).catch((error: unknown) => {
        if (simulation.dead || !(error instanceof Error) || !error.message.includes('no storm')) throw error
      })
    }
    await ordeal({
      policy,
      names: [...names, 'p6', 'p7', 'p8', 'p9'],
      begin: () => {
        known.clear()
        forget()
      },
      told: hear,
      deeds: {
        // Chance alone seldom brings so many in so short a time.
        crowd: {
          weight: 1,
          async do(story) {
            for (const name of names.filter((one) => !known.has(one))) {
              hear(name, true, story)
              await relapse(story, name)
            }
          },
        },
        release: { weight: 1, do: release },
        leap: { weight: 1, do: ({ simulation }, pick) => simulation.pass(pick * 10) },
      },
      forbidden: ({ patient, at }, { patients }) => {
        if (latchedAt === null) return null
        if (at < latchedAt + storm.coolDownMs) return `${at - latchedAt} ms after a storm`
        if (firstTry === null) {
          firstTry = { patient, at }
          return null
        }
        const { patient: first, at: triedAt } = firstTry
        // It is watched for so long at least before it counts as healed.
        if (at - triedAt < somePlaybook().forMs) return `${at - triedAt} ms after the first effect since the storm`
        const helped = patients.find(({ name }) => name === first)?.curable === true
        if (!helped && at - triedAt < storm.coolDownMs) return 'the first effect since the storm did not help'
        latchedAt = null
        return null
      },
      relent: release,
      passMsMax: 30_000,
      shareMin: 0.2,
      tried: () => storms > 1,
      runs: 15,
    })
  },
  storiesMs,
)
