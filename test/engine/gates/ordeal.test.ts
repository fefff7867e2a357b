import { describe, test } from 'vitest'
import type { MaintenanceWindow, ScopedPause } from '../../../src/domain/pause.ts'
import type { Mode } from '../../../src/domain/playbook.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { hasCode } from '../../../src/engine/errors.ts'
import { liftPause, placePause } from '../../../src/engine/operate/scoped-pauses.ts'
import { setPause } from '../../../src/engine/operate/stop-switch.ts'
import { ordeal, type Seen, type Story, storiesMs } from '../../kit/ordeal.ts'
import { looksIll, playedActions, playedSources } from '../../kit/played-world.ts'
import { somePlaybook } from '../../kit/records.ts'
import { type Simulation, simulatedPolicy } from '../../kit/simulation.ts'

const scope = (name: string | null) => ({ playbook: null, target: name && `container/*/${name}` })

/** Limits that let nearly everything through, so that the gate under trial is what holds effects back. */
const generous = { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 1_000, windowMs: 86_400_000 }] }
const permissive = { limits: generous, reopenWithinMs: 0 }

describe('no story gets a forbidden effect through, and most of what is allowed begins', () => {
  test(
    'cooldown',
    async () => {
      const cooldownMs = 300_000
      const limits = { ...generous, cooldownMs, maxWaitMs: 2 * cooldownMs }
      const tooSoon = ({ patient, at }: Seen, { effects }: Story) => {
        const last = effects.findLast((effect) => effect.patient === patient)
        return last && at - last.at < cooldownMs ? `${at - last.at} ms after the one before` : null
      }
      const policy = simulatedPolicy({ ...permissive, limits })
      await ordeal({ policy, forbidden: tooSoon, shareMin: 0.4, jumpMsMax: 7_200_000 })
    },
    storiesMs,
  )

  test(
    'stop switch',
    async () => {
      let pause: { readonly until: number | null } | null = null
      const set = async ({ simulation }: Story, until: number | null) => {
        // Of a process that dies here nobody knows whether it has heard.
        pause = null
        await setPause({ reason: 'drill', until }, 'operator:ada', simulation.ports)
        pause = { until }
      }
      const lift = async ({ simulation }: Story) => {
        pause = null
        await setPause(null, 'operator:ada', simulation.ports)
      }
      await ordeal({
        policy: simulatedPolicy(permissive),
        begin: () => {
          pause = null
        },
        deeds: {
          pause: { do: (story, pick) => set(story, pick % 2 ? null : story.simulation.now() + pick) },
          unpause: { do: lift },
        },
        forbidden: ({ at }) => (pause && (pause.until === null || pause.until > at) ? 'it is paused' : null),
        relent: lift,
        shareMin: 0.3,
        jumpMsMax: 60_000,
      })
    },
    storiesMs,
  )

  test(
    'pauses and windows of maintenance',
    async () => {
      let placed: (ScopedPause & { lifted?: true; unsure?: true })[] = []
      const windows: MaintenanceWindow[] = [
        { ...scope('p1'), name: 'half', cron: '*/30 * * * *', durationMs: 300_000, timeZone: 'UTC', reason: 'updates' },
      ]
      const base = simulatedPolicy(permissive)
      const policy = { ...base, config: { ...base.config, maintenance: windows } }
      const lift = async ({ simulation }: Story, one: (typeof placed)[number]) => {
        // Whether a process that died on it has lifted it is not known; what is lifted already is not there.
        one.unsure = true
        await liftPause(one.id, 'operator:ada', simulation.ports).catch((error: unknown) => {
          if (!hasCode(error, 'not_found')) throw error
        })
        one.lifted = true
      }
      await ordeal({
        policy,
        begin: () => {
          placed = []
        },
        deeds: {
          place: {
            async do({ simulation }, pick) {
              const now = simulation.now()
              const from = pick % 3 === 0 ? now + (pick % 60_000) : null
              const until = pick % 2 ? null : now + 60_000 + pick
              const wanted = {
                ...scope(['p0', 'p1', null][pick % 3]!),
                reason: 'drill',
                from,
                until,
                maintenance: false,
              }
              placed.push(await placePause(wanted, 'operator:ada', simulation.ports))
            },
          },
          lift: {
            async do(story, pick) {
              const standing = placed.filter(({ lifted, until }) => !lifted && until === null)
              if (standing.length > 0) await lift(story, standing[pick % standing.length]!)
            },
          },
        },
        forbidden: ({ patient, at }) => {
          const pause = placed.find(
            ({ target, from, until, lifted, unsure }) =>
              !lifted &&
              !unsure &&
              from <= at &&
              (until === null || at < until) &&
              (target === null || target.endsWith(patient)),
          )
          if (pause) return `it is paused by ${pause.id}`
          return patient === 'p1' && at % 1_800_000 < 300_000 ? 'it is in the window' : null
        },
        async relent(story) {
          for (const one of placed.filter(({ lifted, until }) => !lifted && until === null)) await lift(story, one)
        },
        shareMin: 0.2,
        jumpMsMax: 60_000,
      })
    },
    storiesMs,
  )

  test(
    'active hours',
    async () => {
      const activeHours = { cron: '*/20 * * * *', durationMs: 600_000, timeZone: 'UTC' }
      const limits = { ...generous, activeHours, maxWaitMs: 7_200_000 }
      await ordeal({
        policy: simulatedPolicy({ ...permissive, limits }),
        forbidden: ({ at }) => (at % 1_200_000 < 600_000 ? null : 'outside the active hours'),
        shareMin: 0.4,
        jumpMsMax: 3_600_000,
      })
    },
    storiesMs,
  )

  test(
    'dependencies',
    async () => {
      const base = simulatedPolicy(permissive)
      const [cause] = base.playbooks
      const ofLeaves = { all: [{ fact: 'labels', path: '$.name', operator: 'glob', value: 'leaf*' }] }
      const leaves = { ...cause!, name: 'leaves', priority: 1, when: ofLeaves, dependsOn: [['container/local/cause']] }
      await ordeal({
        policy: { ...base, playbooks: [leaves, cause!] },
        names: ['cause', 'leaf1', 'leaf2'],
        forbidden: ({ patient }, { illSince, patients }) => {
          const ill = patients.find(({ name }) => name === 'cause')!.ill && illSince.has('cause')
          return patient !== 'cause' && ill ? 'what it depends on is ill' : null
        },
        shareMin: 0.2,
        effectsMin: 20,
      })
    },
    storiesMs,
  )

  test(
    'mode',
    async () => {
      let mode: Mode = 'auto'
      const reload = (simulation: Simulation, next: Mode) => {
        mode = next
        const { policy } = simulation
        simulation.policy = { ...policy, revision: `r-${next}`, config: { ...policy.config, mode: next } }
      }
      await ordeal({
        policy: simulatedPolicy(permissive),
        begin: () => {
          mode = 'auto'
        },
        deeds: {
          observe: { do: ({ simulation }) => reload(simulation, 'observe') },
          approve: { do: ({ simulation }) => reload(simulation, 'approve') },
          auto: { do: ({ simulation }) => reload(simulation, 'auto') },
        },
        forbidden: () => (mode === 'auto' ? null : `the mode is ${mode}`),
        relent: ({ simulation }) => reload(simulation, 'auto'),
        shareMin: 0.3,
      })
    },
    storiesMs,
  )

  test(
    'freshness',
    async () => {
      const silenced = new Set<string>()
      let away = false
      const toggle = ({ patients }: Story, pick: number) => {
        const { name } = patients[pick % patients.length]!
        if (!silenced.delete(name)) silenced.add(name)
      }
      await ordeal({
        policy: simulatedPolicy(permissive),
        begin: () => {
          silenced.clear()
          away = false
        },
        played: (patients) => {
          const world = { now: 0, patients: new Map(patients.map((patient) => [patient.name, patient])) }
          const { ask } = playedSources(world)
          return {
            sources: {
              async ask(alert) {
                if (away) return { kind: 'unavailable', reason: 'played' }
                const answer = await ask(alert)
                const silencedBy = silenced.has(alert.labels.name ?? '') ? ['s1'] : []
                return answer.kind === 'answered' ? { ...answer, silencedBy } : answer
              },
            },
          }
        },
        deeds: {
          silence: { weight: 4, do: toggle },
          sourceAway: {
            do: () => {
              away = !away
            },
          },
          // The world may know better than the last delivery.
          quietRecovery: {
            weight: 4,
            do: ({ patients }, pick) => {
              patients[pick % patients.length]!.ill = false
            },
          },
        },
        forbidden: ({ patient }, { patients }) => {
          if (away) return 'the source cannot be asked'
          if (silenced.has(patient)) return 'the alert is silenced'
          return looksIll(patients.find(({ name }) => name === patient)!) ? null : 'the alert does not fire any more'
        },
        relent: () => {
          silenced.clear()
          away = false
        },
        shareMin: 0.2,
      })
    },
    storiesMs,
  )

  test(
    'target',
    async () => {
      const hidden = new Set<string>()
      await ordeal({
        policy: simulatedPolicy(permissive),
        begin: () => hidden.clear(),
        played: (patients) => {
          const world = { now: 0, patients: new Map(patients.map((patient) => [patient.name, patient])) }
          const { plan } = playedActions(
            world,
            () => {},
            () => '',
          )
          return {
            actions: {
              async plan(call) {
                if (!hidden.has(call.target.split('/')[2] ?? '')) return plan(call)
                return { kind: 'refused', reason: 'not there', final: false, evidence: {} }
              },
            },
          }
        },
        deeds: {
          hide: {
            do: ({ patients }, pick) => {
              const { name } = patients[pick % patients.length]!
              if (!hidden.delete(name)) hidden.add(name)
            },
          },
        },
        forbidden: ({ patient }) => (hidden.has(patient) ? 'the target cannot be resolved' : null),
        relent: () => hidden.clear(),
        shareMin: 0.3,
      })
    },
    storiesMs,
  )

  test(
    'target lock',
    async () => {
      const base = simulatedPolicy({ ...permissive, name: 'first', continue: true })
      const [first] = base.playbooks
      const policy: Policy = { ...base, playbooks: [first!, { ...first!, name: 'second', continue: false }] }
      // A curable target is watched for so long after an effect at least.
      const { forMs } = first!
      await ordeal({
        policy,
        curable: true,
        forbidden: ({ patient, at }, { effects }) => {
          const last = effects.findLast((effect) => effect.patient === patient)
          return last && at >= last.at && at - last.at < forMs ? 'the one before is still being verified' : null
        },
        shareMin: 0.3,
        effectsMin: 20,
      })
    },
    storiesMs,
  )
})
