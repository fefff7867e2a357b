import { expect, test } from 'vitest'
import { noApprovalRules } from '../../../src/domain/approval.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { digestOf } from '../../../src/engine/digest.ts'
import { decideApproval } from '../../../src/engine/operate/decide-approval.ts'
import { ordeal, type Story, storiesMs } from '../../kit/ordeal.ts'
import type { Patient } from '../../kit/played-world.ts'
import { somePlaybook } from '../../kit/records.ts'
import { simulatedPolicy } from '../../kit/simulation.ts'

const withinMs = 300_000
/** Clocks are corrected by that much every day. */
const clockToleranceMs = 5_000

function policy(revision: string): Policy {
  const plain = simulatedPolicy({
    revision,
    mode: 'approve',
    approval: { ...noApprovalRules, withinMs },
    limits: { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 100, windowMs: 3_600_000 }] },
  })
  return { ...plain, revision }
}

/** What the test itself knows: which object each target is now, and who said yes to which object, under which playbook, when. */
interface Word {
  readonly target: string
  readonly object: string
  readonly playbook: string
  readonly at: number
  used: boolean
}

test(
  'no effect begins without somebody’s word for exactly this object, playbook and attempt',
  async () => {
    const world = { object: new Map<string, number>(), words: [] as Word[], playbook: 1 }
    const objectOf = (name: string) => `${name}#${world.object.get(name) ?? 0}`
    const nameOf = (target: string) => target.split('/')[2] ?? ''

    const say = async ({ simulation }: Story, pick: number, decision: 'approve' | 'reject') => {
      const open = await simulation.store.read.incidents({ states: ['awaiting_approval', 'waiting'], limit: 100 })
      const incident = open[pick % Math.max(open.length, 1)]
      const asked = incident && (await simulation.store.read.approvalsOf(incident.id)).at(-1 - (pick % 2))
      if (!incident || !asked) return
      // The word is noted first: a process that dies may have taken it.
      const object = String(asked.plan.pin.object)
      const word: Word = {
        target: incident.target,
        object,
        playbook: asked.playbookRevision,
        at: simulation.now(),
        used: false,
      }
      if (decision === 'approve') world.words.push(word)
      const request = {
        incident: incident.id,
        planDigest: asked.planDigest,
        ask: asked.id,
        decision,
        by: 'ada',
        reason: 'r',
      }
      try {
        await decideApproval(request, simulation.ports)
      } catch (error) {
        if ((error as { code?: string }).code !== 'conflict') throw error
        if (decision === 'approve') world.words.splice(world.words.indexOf(word), 1)
      }
    }
    await ordeal({
      policy: policy('p1'),
      curable: true,
      shareMin: 0.15,
      effectsMin: 10,
      runs: 25,
      jumpMsMax: 600_000,
      played: (_: readonly Patient[]) => ({
        actions: {
          async plan({ target, action: { name } }) {
            const core = { action: name, target, params: {}, pin: { object: objectOf(nameOf(target)) } }
            return {
              kind: 'planned',
              plan: { ...core, summary: target, data: {}, evidence: {} },
              digest: digestOf(core),
            }
          },
        },
      }),
      deeds: {
        approve: { weight: 6, do: (story, pick) => say(story, pick, 'approve') },
        reject: { weight: 1, do: (story, pick) => say(story, pick, 'reject') },
        replace: {
          do: (_, pick) => void world.object.set(`p${pick % 2}`, (world.object.get(`p${pick % 2}`) ?? 0) + 1),
        },
        reload: {
          weight: 1,
          do({ simulation }) {
            world.playbook += 1
            simulation.policy = {
              ...policy(`p${world.playbook}`),
              config: { ...simulation.policy.config },
            }
          },
        },
      },
      begin() {
        world.object.clear()
        world.words = []
        world.playbook = 1
      },
      forbidden({ patient, at }) {
        const word = world.words.findLast(({ target, used }) => nameOf(target) === patient && !used)
        if (!word) return 'nobody said yes'
        // Of several words, some of a process that died before it could take them, the one that is meant is the oldest that still counts.
        const fitting = world.words.filter(
          ({ target, object, used, playbook }) =>
            !used && nameOf(target) === patient && object === objectOf(patient) && playbook === `p${world.playbook}`,
        )
        if (fitting.length === 0) {
          return `somebody said yes to ${word.object} under ${word.playbook}, not to ${objectOf(patient)}`
        }
        const meant = fitting.find((one) => at - one.at <= withinMs && one.at - at <= clockToleranceMs)
        if (!meant) return 'the word is too old, or of the future'
        meant.used = true
        return null
      },
      async after({ simulation }) {
        for (const incident of await simulation.store.read.incidents({ limit: 100 })) {
          const asks = await simulation.store.read.approvalsOf(incident.id)
          const used = asks.filter(({ state }) => state === 'used')
          const attempts = await simulation.store.read.attemptsOf(incident.id)
          expect(used.map(({ usedBy }) => usedBy)).toEqual(attempts.map(({ id }) => id))
          expect(used.map(({ planDigest }) => planDigest)).toEqual(attempts.map(({ planDigest }) => planDigest))
        }
      },
    })
  },
  storiesMs,
)
