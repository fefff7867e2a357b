import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { readAuditKeys } from '../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../src/adapters/store/verify-log.ts'
import type { Incident } from '../../src/domain/incident.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { type Patient, type Played, somePatient } from './played-world.ts'
import { type Simulation, startSimulation } from './simulation.ts'

/** An effect as the world saw it, whatever Hepar says of it. Times are those of the simulation. */
export interface Seen {
  readonly patient: string
  readonly at: number
  readonly key: string
}

/** One story under way: what a judge and the deeds of a test may look at. */
export interface Story {
  readonly simulation: Simulation
  readonly patients: readonly Patient[]
  /** Every effect that has begun, in order; while a judge is asked, without the one he judges. */
  readonly effects: readonly Seen[]
  /** When the present illness of each patient was first told to Hepar. */
  readonly illSince: ReadonlyMap<string, number>
  /** The latest time that the clock has shown, wherever it has jumped since. */
  latestAt: number
}

/** What else happens in a story, such as an operator's command. `pick` is any number below 2^16, for choices. */
export interface Deed {
  readonly weight?: number
  do(story: Story, pick: number): Promise<unknown> | unknown
}

export interface Ordeal {
  readonly policy: Policy
  /** Names of those who fall ill; by default two. */
  readonly names?: readonly string[]
  /** Which of them an effect cures; by default three of four, by chance. */
  readonly curable?: boolean
  readonly played?: Played | ((patients: readonly Patient[]) => Played)
  readonly deeds?: Readonly<Record<string, Deed>>
  /** Makes the test's own record of what is allowed fresh for a new story. */
  begin?(): void
  /** Hears what Hepar is told of a patient, before Hepar does. */
  told?(patient: string, ill: boolean, story: Story): void
  /** Why this effect must not begin now, by the test's own record of the world; `null` when it may. Asked at the moment it begins. */
  forbidden(effect: Seen, story: Story): string | null
  /** Lifts, at the end of a story, whatever still forbids effects, so that what is allowed has its chance. */
  relent?(story: Story): Promise<unknown> | unknown
  /** Further claims about the end of a story. */
  after?(story: Story): Promise<unknown> | unknown
  /** Effects that must have begun, as a share of the illnesses told: a gate that blocks everything is no gate. */
  readonly shareMin: number
  /** The same in number; by default 6. */
  readonly effectsMin?: number
  /** Whether the stories so far have tried what the test is about; by default they have. */
  tried?(): boolean
  /** Stories of an ordinary run; by default 10. `STORIES_TIMES` in the environment multiplies them. */
  readonly runs?: number
  /** How long one passing of time takes at most, in milliseconds. */
  readonly passMsMax?: number
  /** How far the clock may jump, to either side, in milliseconds; 0 for a steady one. */
  readonly jumpMsMax?: number
}

type Told = { readonly deed: string; readonly pick: number; readonly ms: number }

/**
 * Tells random stories of alerts, recoveries, time, clock jumps, crashes and the test's own deeds to a whole engine, and fails when an
 * effect begins that must not, when one begins twice, when too few begin, or when the log does not verify. Where chance has brought too
 * little to judge by, more stories are told before that counts as a failure.
 */
export async function ordeal(plan: Ordeal): Promise<void> {
  const sums = { effects: 0, illnesses: 0 }
  const { effectsMin = 6, shareMin, tried = () => true } = plan
  for (let helping = 0; helping < helpingsMax; helping += 1) {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTold(plan), { minLength: 8, maxLength: 40 }), fc.nat(255), async (told, mask) => {
        const { effects, illnesses } = await tellStory(plan, told, mask)
        sums.effects += effects
        sums.illnesses += illnesses
      }),
      // A smaller story is worth less than the minutes it takes to find one.
      { numRuns: Math.ceil((plan.runs ?? 10) * timesOfRuns), endOnFailure: true },
    )
    if (sums.effects >= effectsMin && sums.effects >= shareMin * sums.illnesses && tried()) break
  }
  expect(sums.effects).toBeGreaterThanOrEqual(effectsMin)
  expect(sums.effects / sums.illnesses).toBeGreaterThanOrEqual(shareMin)
  expect(tried(), 'the stories have tried what the test is about').toBe(true)
}

const helpingsMax = 5
const timesOfRuns = Number(process.env.STORIES_TIMES ?? 1)
/** How long a test that tells stories may take. */
export const storiesMs = 120_000 * Math.max(1, timesOfRuns)

/** Short, so that a relapse soon after a recovery is an illness of its own. */
const episodeGapMs = 1_000

function withShortGap(policy: Policy): Policy {
  return { ...policy, config: { ...policy.config, limits: { ...policy.config.limits, episodeGapMs } } }
}

const ownWeights = { fire: 7, recover: 2, pass: 6, crash: 1, settle: 1 } as const

function anyTold({ deeds = {}, passMsMax = 100_000, jumpMsMax = 0 }: Ordeal): fc.Arbitrary<Told> {
  const weights = new Map<string, number>(Object.entries(ownWeights))
  if (jumpMsMax > 0) weights.set('jump', 1)
  for (const [name, { weight = 2 }] of Object.entries(deeds)) weights.set(name, weight)
  const spans: Record<string, readonly [number, number]> = { pass: [500, passMsMax], jump: [-jumpMsMax, jumpMsMax] }
  return fc.oneof(
    ...[...weights].map(([deed, weight]) => {
      const [min, max] = spans[deed] ?? [0, 0]
      return {
        weight,
        arbitrary: fc.record({ deed: fc.constant(deed), pick: fc.nat(65_535), ms: fc.integer({ min, max }) }),
      }
    }),
  )
}

async function tellStory(plan: Ordeal, told: readonly Told[], mask: number) {
  plan.begin?.()
  const violations: string[] = []
  const effects: Seen[] = []
  const illSince = new Map<string, number>()
  const names = plan.names ?? ['p0', 'p1']
  const patients = names.map((name, index): Patient => {
    const patient = { ...somePatient(name, plan.curable ?? ((mask >> (2 * (index % 4))) & 3) > 0), ill: false }
    patient.restarts = watched<Patient['restarts'][number]>(({ key, at }) => {
      const seen = { patient: name, at, key }
      const why = plan.forbidden(seen, story)
      if (why !== null) violations.push(`${name} at ${at}: ${why}`)
      if (effects.some((other) => other.key === key)) violations.push(`${name} at ${at}: begun a second time`)
      effects.push(seen)
    })
    return patient
  })
  const played = typeof plan.played === 'function' ? plan.played(patients) : plan.played
  const simulation = await startSimulation(withShortGap(plan.policy), patients, played)
  const story: Story = { simulation, patients, effects, illSince, latestAt: simulation.now() }
  let illnesses = 0
  try {
    for (const one of [{ deed: 'fire', pick: 0, ms: 0 }, ...told]) {
      illnesses += await carryOut(plan, one, story)
      if (one.deed !== 'crash') await simulation.settle()
      if (simulation.dead) await simulation.restart()
      story.latestAt = Math.max(story.latestAt, simulation.now())
      expect(violations).toEqual([])
    }
    simulation.crashAfter(Number.POSITIVE_INFINITY)
    await plan.relent?.(story)
    await untilAtRest(simulation)
    expect(violations).toEqual([])
    const keys = readAuditKeys(join(simulation.folder, 'audit.key'))
    expect(await verifyLog({ file: join(simulation.folder, 'hepar.db'), keys })).toMatchObject({ ok: true })
    await plan.after?.(story)
  } finally {
    await simulation.close()
  }
  return { effects: effects.length, illnesses }
}

/** Resolves to 1 when it was a new illness. */
async function carryOut(plan: Ordeal, { deed, pick, ms }: Told, story: Story): Promise<number> {
  const { simulation, patients } = story
  const { deeds = {} } = plan
  const patient = patients[pick % patients.length] as Patient
  const own = deeds[deed]
  if (own) {
    // Whoever asked a process that died asks again.
    try {
      await own.do(story, pick)
    } catch (error) {
      if (!simulation.dead) throw error
    }
    return 0
  }
  if (deed === 'jump') simulation.pass(ms)
  else if (deed === 'pass') await passInSteps(simulation, ms)
  else if (deed === 'crash') simulation.crashAfter(pick % 15)
  else if (deed === 'recover') {
    await tell(patient, false, story, plan)
    // A relapse in the same instant would be one illness to everybody but the test.
    simulation.pass(episodeGapMs + 500)
  } else if (deed === 'fire') {
    if (!patient.ill) await tellWell(patient, story, plan)
    return tell(patient, true, story, plan)
  }
  return 0
}

/** Of a patient who was cured meanwhile, the source has said so before the next illness. */
async function tellWell(patient: Patient, story: Story, plan: Pick<Ordeal, 'told'>): Promise<void> {
  const { simulation } = story
  if (!story.illSince.has(patient.name)) return
  await tell(patient, false, story, plan)
  await simulation.settle()
  simulation.pass(episodeGapMs + 500)
  if (simulation.dead) await simulation.restart()
}

/** Makes a patient ill anew, whatever it was before. Chance alone seldom insists long enough to try a bound. */
export async function relapse(story: Story, name: string): Promise<void> {
  const patient = story.patients.find((one) => one.name === name) as Patient
  await tellWell(patient, story, {})
  await tell(patient, true, story, {})
}

/** Has a patient fall ill so many times in a row, each time when what was done about the time before has ended, and is closed. */
export async function insist(story: Story, name: string, times: number): Promise<void> {
  const { simulation } = story
  const patient = story.patients.find((one) => one.name === name) as Patient
  // What a clock that has jumped back has yet to reach would leave in doubt what is new.
  simulation.pass(Math.max(0, story.latestAt - simulation.now()))
  for (let left = times; left > 0; left -= 1) {
    await tellWell(patient, story, {})
    await passInSteps(simulation, closedMs)
    await relapse(story, name)
    await passInSteps(simulation, verifiedMs)
  }
}

/** After this an effect that did not help is known not to have. */
const verifiedMs = 150_000
/** After this Hepar has looked at a handed-over incident again and closed it. */
const closedMs = 90_000

/** Engines look every now and then while time passes; one that slept through it is what a jump is for. */
async function passInSteps(simulation: Simulation, ms: number): Promise<void> {
  const stepMs = Math.max(5_000, Math.ceil(ms / 20))
  for (let left = ms; left > 0 && !simulation.dead; left -= stepMs) {
    simulation.pass(Math.min(left, stepMs))
    await simulation.settle()
  }
}

async function tell(patient: Patient, ill: boolean, story: Story, { told }: Pick<Ordeal, 'told'>): Promise<number> {
  const { simulation, illSince } = story
  const isNew = ill && !illSince.has(patient.name)
  patient.ill = ill
  if (isNew) (illSince as Map<string, number>).set(patient.name, simulation.now())
  if (!ill) (illSince as Map<string, number>).delete(patient.name)
  told?.(patient.name, ill, story)
  // Alertmanager sends again what was not answered with 2xx.
  while ((await simulation.deliver(patient.name, ill ? 'firing' : 'resolved')) === null) await simulation.restart()
  return isNew ? 1 : 0
}

/** An array that says when something is put into it. */
function watched<Item>(onPush: (item: Item) => void): Item[] {
  const items: Item[] = []
  const push = (...more: Item[]) => {
    for (const item of more) {
      onPush(item)
      items[items.length] = item
    }
    return items.length
  }
  return Object.defineProperty(items, 'push', { value: push })
}

const restless = ['open', 'waiting', 'awaiting_approval', 'acting', 'verifying', 'holding'] as const

/** Lets time pass in small steps until every incident is closed or with a human. */
export async function untilAtRest(simulation: Simulation, roundsMax = 600): Promise<readonly Incident[]> {
  for (let round = 0; round < roundsMax; round += 1) {
    await simulation.settle()
    const open = await simulation.store.read.incidents({ states: restless, limit: 1_000 })
    if (open.length === 0) return simulation.store.read.incidents({ limit: 1_000 })
    const next = await simulation.store.read.nextDueAt()
    simulation.pass(Math.max(1_000, Math.min((next ?? 0) - simulation.now(), 60_000)))
  }
  const open = await simulation.store.read.incidents({ states: restless, limit: 3 })
  throw new Error(
    `the incidents do not come to rest: ${JSON.stringify(open.map(({ state, waiting }) => ({ state, waiting })))}`,
  )
}
