import { describe, test } from 'vitest'
import type { AttemptBudget } from '../../../src/domain/playbook.ts'
import { cancel, heal, resume } from '../../../src/engine/operate/operate.ts'
import { type Deed, insist, ordeal, relapse, type Seen, type Story, storiesMs } from '../../kit/ordeal.ts'
import { somePlaybook } from '../../kit/records.ts'
import { simulatedPolicy } from '../../kit/simulation.ts'

const plenty: readonly AttemptBudget[] = [{ count: 10_000, windowMs: 86_400_000 }]
const limits = { ...somePlaybook().limits, cooldownMs: 0, attempts: plenty, rate: [] }

function policyWith(
  playbook: Parameters<typeof simulatedPolicy>[0],
  global: { rate?: readonly AttemptBudget[]; targetActions?: readonly AttemptBudget[] },
) {
  const policy = simulatedPolicy({ reopenWithinMs: 0, ...playbook })
  const all = { ...policy.config.limits, rate: plenty, targetActions: plenty, ...global }
  return { ...policy, config: { ...policy.config, limits: all } }
}

/** What a person does who thinks that it would help. */
const operators: Readonly<Record<string, Deed>> = {
  cancel: { do: (story, pick) => onSome(story, pick, (id) => cancel(id, 'ada', 'no', story.simulation.ports)) },
  resume: { do: (story, pick) => onSome(story, pick, (id) => resume(id, 'ada', 'again', story.simulation.ports)) },
}

async function onSome({ simulation }: Story, pick: number, act: (id: string) => Promise<unknown>): Promise<void> {
  const incidents = await simulation.store.read.incidents({ limit: 50 })
  const incident = incidents[pick % Math.max(1, incidents.length)]
  if (incident) await act(incident.id).catch(conflictsAside)
}

function conflictsAside(error: unknown): void {
  if ((error as { code?: string }).code !== 'conflict') throw error
}

/** Effects that the window holds by the test's own book, also what a clock that has jumped back has yet to reach. */
function held({ count, windowMs }: AttemptBudget, { at }: Seen, effects: readonly Seen[]): string | null {
  const used = effects.filter((effect) => effect.at > at - windowMs).length
  return used >= count ? `${used} in ${windowMs} ms already` : null
}

const jumps = { jumpMsMax: 4 * 3_600_000, passMsMax: 900_000 }

describe('through alerts, crashes, restarts, operators and clocks that jump to either side by hours', () => {
  test(
    'no more attempts begin on a target than each window of its budget allows',
    async () => {
      const budgets = [
        { count: 2, windowMs: 1_800_000 },
        { count: 3, windowMs: 7_200_000 },
      ]
      await ordeal({
        policy: policyWith({ limits: { ...limits, attempts: budgets } }, {}),
        deeds: operators,
        forbidden: (seen, { effects }) => {
          const own = effects.filter(({ patient }) => patient === seen.patient)
          return budgets.map((budget) => held(budget, seen, own)).find((why) => why !== null) ?? null
        },
        relent: (story) => insist(story, 'p0', 4),
        shareMin: 0.3,
        runs: 5,
        ...jumps,
      })
    },
    storiesMs,
  )

  test(
    'no more attempts begin in all than the rate allows, nor of a playbook than its own',
    async () => {
      const rate = [
        { count: 2, windowMs: 60_000 },
        { count: 5, windowMs: 3_600_000 },
      ]
      const own = [{ count: 4, windowMs: 3_600_000 }]
      const names = ['p0', 'p1', 'p2']
      await ordeal({
        policy: policyWith({ limits: { ...limits, rate: own } }, { rate }),
        deeds: {
          ...operators,
          // A manual heal is another playbook: it counts towards the rate of all.
          heal: {
            weight: 1,
            do: ({ simulation, patients }, pick) =>
              heal(
                {
                  action: 'container-restart',
                  target: `container/local/${patients[pick % patients.length]?.name}`,
                  with: {},
                  reason: 'now',
                  by: 'ada',
                },
                simulation.ports,
              ).catch(conflictsAside),
          },
        },
        forbidden: (seen, { effects }) =>
          rate.map((one) => held(one, seen, effects)).find((why) => why !== null) ?? null,
        names,
        async relent(story) {
          for (const name of names) await relapse(story, name)
        },
        shareMin: 0.2,
        runs: 5,
        ...jumps,
      })
    },
    storiesMs,
  )

  test(
    'no more is done to a target before it counts as flapping, unless a person resumes it',
    async () => {
      const [window] = [{ count: 2, windowMs: 3_600_000 }] as const
      let pardoned = new Map<string, number>()
      await ordeal({
        policy: policyWith({ limits }, { targetActions: [window] }),
        begin: () => {
          pardoned = new Map()
        },
        deeds: {
          resume: {
            weight: 1,
            do: (story, pick) =>
              onSome(story, pick, async (id) => {
                const incident = await story.simulation.store.read.incident(id)
                await resume(id, 'ada', 'again', story.simulation.ports)
                pardoned.set(incident?.target.split('/')[2] as string, story.effects.length)
              }),
          },
        },
        forbidden: (seen, { effects }) => {
          const since = effects.slice(pardoned.get(seen.patient) ?? 0)
          return held(
            window,
            seen,
            since.filter(({ patient }) => patient === seen.patient),
          )
        },
        relent: (story) => insist(story, 'p0', 3),
        shareMin: 0.3,
        runs: 5,
        ...jumps,
      })
    },
    storiesMs,
  )
})
