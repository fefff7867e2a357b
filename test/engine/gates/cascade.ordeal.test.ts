import { test } from 'vitest'
import { cancel, resume } from '../../../src/engine/operate/operate.ts'
import { ordeal, relapse, type Seen, type Story, storiesMs } from '../../kit/ordeal.ts'
import { somePlaybook } from '../../kit/records.ts'
import { simulatedPolicy } from '../../kit/simulation.ts'

const plenty = [{ count: 10_000, windowMs: 86_400_000 }]
const loops = { count: 2, windowMs: 3_600_000 }
const limits = { ...somePlaybook().limits, cooldownMs: 0, attempts: plenty, rate: [] }
const base = simulatedPolicy({ reopenWithinMs: 0, limits })
const policy = {
  ...base,
  config: { ...base.config, limits: { ...base.config.limits, rate: plenty, targetActions: plenty, loops } },
}

/** An effect on each makes the next one ill: two of them each other, three all round, and one nobody. */
const next: Readonly<Record<string, string | undefined>> = { a: 'b', b: 'a', c: 'd', d: 'e', e: 'c' }

/** Longer than an effect is verified, and much shorter than what counts as its aftermath. */
const laterMs = 15_000
const stepMs = 5_000
/** Consequences of consequences that show before anything else happens. */
const linksMax = 6

interface Link extends Seen {
  /** The effect that made this illness. */
  readonly cause: Link | null
}

test(
  'no effect begins a third round of effects that make each other necessary, unless a person resumes it',
  async () => {
    let causeOf = new Map<string, Link>()
    let due: Link[] = []
    let rounds = 0
    let third = 0
    const forget = () => {
      causeOf = new Map()
      due = []
    }
    /** Earlier effects on the same target in the chain that led to this one, within the window. */
    const roundsBefore = ({ patient, at }: Seen): number => {
      let count = 0
      for (let link = causeOf.get(patient) ?? null; link !== null; link = link.cause) {
        if (link.patient === patient && link.at > at - loops.windowMs) count += 1
      }
      return count
    }
    const fallIll = async (story: Story, name: string, cause: Link | null) => {
      if (story.patients.find((one) => one.name === name)?.ill) return
      if (cause === null) causeOf.delete(name)
      else causeOf.set(name, cause)
      if (roundsBefore({ patient: name, at: story.simulation.now(), key: '' }) >= loops.count) third += 1
      await relapse(story, name)
      await story.simulation.settle()
    }
    const goOn = async (story: Story) => {
      for (let left = linksMax; left > 0; left -= 1) {
        const [cause] = due.splice(0, 1)
        const victim = cause && next[cause.patient]
        if (victim === undefined || cause === undefined) continue
        for (let passed = 0; passed < laterMs && !story.simulation.dead; passed += stepMs) {
          story.simulation.pass(stepMs)
          await story.simulation.settle()
        }
        if (story.simulation.dead) await story.simulation.restart()
        await fallIll(story, victim, cause)
        if (story.simulation.dead) return
      }
    }
    const onSome = async ({ simulation }: Story, pick: number, act: (id: string) => Promise<unknown>) => {
      const incidents = await simulation.store.read.incidents({ limit: 20 })
      const incident = incidents[pick % Math.max(1, incidents.length)]
      if (incident === undefined) return
      await act(incident.id).catch((error: { code?: string }) => {
        if (error.code !== 'conflict') throw error
      })
    }
    await ordeal({
      policy,
      names: ['a', 'b', 'c', 'd', 'e', 'bystander'],
      curable: true,
      begin: forget,
      // What falls ill by itself has no cause among the effects.
      told: (patient) => void causeOf.delete(patient),
      deeds: {
        consequences: { weight: 6, do: goOn },
        cancel: {
          weight: 1,
          do: (story, pick) => onSome(story, pick, (id) => cancel(id, 'ada', 'no', story.simulation.ports)),
        },
        resume: {
          weight: 1,
          do: (story, pick) =>
            onSome(story, pick, (id) => {
              // Whose effects are pardoned depends on who was left alone with it: the test then knows of none.
              forget()
              return resume(id, 'ada', 'again', story.simulation.ports)
            }),
        },
      },
      forbidden: (seen) => {
        const before = roundsBefore(seen)
        if (before >= 1) rounds += 1
        const cause = causeOf.get(seen.patient) ?? null
        // Not twice for one illness.
        causeOf.delete(seen.patient)
        due.push({ ...seen, cause })
        return before >= loops.count ? `it has come round ${before} times already` : null
      },
      // Chance alone seldom goes round often enough.
      async relent(story) {
        due = []
        for (const patient of story.patients) patient.ill = false
        await fallIll(story, 'c', null)
        await goOn(story)
      },
      shareMin: 0.3,
      tried: () => rounds > 0 && third > 0,
      passMsMax: 30_000,
      runs: 3,
    })
  },
  storiesMs,
)
