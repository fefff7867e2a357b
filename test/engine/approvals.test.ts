import { afterEach, describe, expect, test } from 'vitest'
import { type ApprovalRules, noApprovalRules } from '../../src/domain/approval.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { AskPolicy } from '../../src/engine/approve/approval-ports.ts'
import { digestOf } from '../../src/engine/digest.ts'
import { decideApproval } from '../../src/engine/operate/decide-approval.ts'
import { heal, resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { type Played, playedActions, somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { type Simulation, simulatedPolicy, startSimulation } from '../kit/simulation.ts'

let simulation: Simulation
afterEach(() => simulation.close())

function asking(rules: Partial<ApprovalRules> = {}, more: Partial<Policy['config']> = {}): Policy {
  const policy = simulatedPolicy({ mode: 'approve', approval: { ...noApprovalRules, ...rules } })
  return { ...policy, config: { ...policy.config, ...more } }
}

/** A world in which one patient is ill and people have been asked about it. */
async function asked(policy = asking(), played: Played = {}) {
  simulation = await startSimulation(policy, [somePatient('web')], played)
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  const [incident] = await simulation.store.read.incidents({ limit: 1 })
  const id = incident?.id ?? ''
  const ask = await simulation.store.read.liveApproval(id)
  return { id, ask }
}

function decide(incident: string, planDigest: string, more: Partial<Parameters<typeof decideApproval>[0]> = {}) {
  const request = { incident, planDigest, decision: 'approve', by: 'operator:ada', reason: 'go', ...more } as const
  return decideApproval(request, simulation.ports)
}

const restarts = () => simulation.patients.get('web')?.restarts.length
const typesOf = async (incident: string) =>
  (await simulation.store.read.audit({ incident, limit: 500 })).map(({ type }) => type)
const stateOf = async (id: string) => (await simulation.store.read.incident(id))?.state
const messages = () => simulation.messages().map(({ channel, body }): Record<string, unknown> => ({ channel, ...body }))

async function untilOver() {
  for (let turn = 0; turn < 40; turn += 1) {
    simulation.pass(3_000)
    await simulation.settle()
  }
}

describe('one ask', () => {
  test('asks with the plan, tells those who decide, and does nothing meanwhile', async () => {
    const { id, ask } = await asked()
    expect(await stateOf(id)).toBe('awaiting_approval')
    expect(ask).toMatchObject({ state: 'pending', attempt: 1, step: 0, target: 'container/local/web', needed: 1 })
    expect(ask?.plan).toMatchObject({
      summary: 'restart container/local/web',
      pin: { id: 'id-of-container/local/web' },
    })
    const [notice] = messages()
    expect(notice).toMatchObject({
      event: 'approval.asked',
      channel: 'oncall',
      incident: id,
      planDigest: ask?.planDigest,
    })
    expect(notice).toMatchObject({ link: null, expiresAt: new Date(ask?.expiresAt ?? 0).toISOString() })
    await untilOver()
    expect(restarts()).toBe(0)
    expect((await typesOf(id)).filter((type) => type === 'approval.asked')).toHaveLength(1)
    expect(messages()).toHaveLength(1)
  })

  test('an approval leads to one effect and is used up by it', async () => {
    const { id, ask } = await asked()
    await decide(id, ask?.planDigest ?? '')
    await untilOver()
    expect(restarts()).toBe(1)
    expect(await stateOf(id)).toBe('closed')
    const [used] = await simulation.store.read.approvalsOf(id)
    const [attempt] = await simulation.store.read.attemptsOf(id)
    expect(used).toMatchObject({ state: 'used', usedBy: attempt?.id, decidedBy: 'operator:ada' })
    const intended = (await simulation.store.read.audit({ types: ['attempt.intended'], limit: 9 }))[0]
    expect(intended?.body).toMatchObject({ approval: ask?.id, approvedBy: ['operator:ada'] })
    expect(messages().map(({ event }) => event)).toEqual(['approval.asked', 'approval.decided', 'incident.closed'])
  })

  test('a rejection hands over with human credit, and nothing is asked again unless it is resumed', async () => {
    const { id, ask } = await asked()
    await decide(id, ask?.planDigest ?? '', { decision: 'reject', reason: 'not now' })
    expect(await simulation.store.read.incident(id)).toMatchObject({ state: 'handed_over', human: true })
    simulation.pass(600_000)
    await simulation.settle()
    expect(await simulation.store.read.liveApproval(id)).toBe(null)
    expect(restarts()).toBe(0)
    await resume(id, 'operator:bob', 'once more', simulation.ports)
    await simulation.settle()
    expect(await simulation.store.read.liveApproval(id)).toMatchObject({ state: 'pending' })
  })

  test('whom nobody answers goes to a human, also when the approval waited for a gate', async () => {
    const { id, ask } = await asked(asking({ withinMs: 60_000 }))
    await setPause({ reason: 'drill', until: null }, 'operator:eve', simulation.ports)
    await decide(id, ask?.planDigest ?? '')
    await simulation.settle()
    expect(await stateOf(id)).toBe('waiting')
    simulation.pass(60_000)
    await simulation.settle()
    expect(await simulation.store.read.incident(id)).toMatchObject({
      state: 'handed_over',
      reason: 'nobody decided in 1m',
    })
    expect((await simulation.store.read.approvalsOf(id))[0]).toMatchObject({ state: 'expired' })
    await setPause(null, 'operator:eve', simulation.ports)
    await untilOver()
    expect(restarts()).toBe(0)
  })

  test('a word that comes too late counts no more, though nobody has looked since', async () => {
    const { id, ask } = await asked(asking({ withinMs: 60_000 }))
    simulation.pass(60_000)
    await expect(decide(id, ask?.planDigest ?? '')).rejects.toThrow('nobody decided in time')
    await untilOver()
    expect(restarts()).toBe(0)
    expect(await stateOf(id)).toBe('handed_over')
  })

  test('whoever is asked about a relapse hears how it ended, also where somebody was called before', async () => {
    const { id } = await asked(asking({ withinMs: 60_000 }))
    const patient = simulation.patients.get('web')!
    const heal = async () => {
      patient.ill = false
      await simulation.deliver('web', 'resolved')
      await untilOver()
    }
    simulation.pass(60_000)
    await simulation.settle()
    await heal()
    patient.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    expect(await simulation.store.read.incident(id)).toMatchObject({ state: 'awaiting_approval', reopenings: 1 })
    await heal()
    expect(await stateOf(id)).toBe('closed')
    const told = ['approval.asked', 'approval.decided', 'incident.handed_over', 'incident.closed']
    const again = ['approval.asked', 'approval.decided', 'incident.closed']
    expect(messages().map(({ event }) => event)).toEqual([...told, ...again])
  })

  test('what ends by itself is no longer asked', async () => {
    const { id } = await asked()
    const patient = simulation.patients.get('web')
    if (patient) patient.ill = false
    await simulation.deliver('web', 'resolved')
    await untilOver()
    expect(await stateOf(id)).toBe('closed')
    expect((await simulation.store.read.approvalsOf(id))[0]).toMatchObject({ state: 'void' })
    expect(messages().findLast(({ event }) => event === 'approval.decided')).toMatchObject({
      event: 'approval.decided',
      decision: 'void',
    })
    expect(messages().every((body) => !('askedAnew' in body))).toBe(true)
  })
})

describe('bound to what was asked', () => {
  test('a changed plan is asked anew, and who approves the old one is told so', async () => {
    let pin = 'first'
    const { plan: _, ...rest } = playedActions(
      { now: 0, patients: new Map() },
      () => {},
      () => 'id',
    )
    const plan = async ({ target }: { target: string }) => {
      const core = { action: 'container-restart', target, params: {}, pin: { id: pin } }
      return {
        kind: 'planned' as const,
        plan: { ...core, summary: pin, data: {}, evidence: {} },
        digest: digestOf(core),
      }
    }
    const { id, ask } = await asked(asking(), { actions: { plan } })
    expect(rest.close).toBeDefined()
    pin = 'second'
    simulation.pass(5_000)
    await decide(id, ask?.planDigest ?? '')
    await simulation.settle()
    expect(restarts()).toBe(0)
    const asks = await simulation.store.read.approvalsOf(id)
    expect(asks).toMatchObject([
      { state: 'void', reason: 'the plan changed' },
      { state: 'pending', since: ask?.since, expiresAt: ask?.expiresAt },
    ])
    expect(messages()[2]).toMatchObject({ event: 'approval.decided', decision: 'void', askedAnew: true })
    await expect(decide(id, ask?.planDigest ?? '')).rejects.toThrow('void: the plan changed')
    await expect(decide(id, '0'.repeat(64))).rejects.toThrow(`the plan changed: asked is ${asks[1]?.planDigest} now`)
    await decide(id, asks[1]?.planDigest ?? '')
    await untilOver()
    expect(restarts()).toBe(1)
  })

  test('a changed playbook voids it; another mode than approve, too', async () => {
    const { id, ask } = await asked()
    const [playbook] = simulation.policy.playbooks
    const again = { ...simulation.policy, revision: 'r2', playbooks: [{ ...playbook!, revision: 'p2' }] }
    simulation.policy = again
    await decide(id, ask?.planDigest ?? '')
    await simulation.settle()
    expect(restarts()).toBe(0)
    const [first, second] = await simulation.store.read.approvalsOf(id)
    expect(first).toMatchObject({ state: 'void', reason: 'the playbook changed' })
    simulation.policy = { ...again, revision: 'r3', playbooks: [{ ...again.playbooks[0]!, mode: 'observe' }] }
    simulation.pass(60_000)
    await simulation.settle()
    expect((await simulation.store.read.approvalsOf(id))[1]).toMatchObject({ id: second?.id, state: 'void' })
    await expect(decide(id, second?.planDigest ?? '')).rejects.toThrow('no approval is needed any more')
    expect(restarts()).toBe(0)
  })

  test('it is good for one attempt: the next one asks again, and the old word does not count', async () => {
    simulation = await startSimulation(
      {
        ...asking(),
        playbooks: [
          simulatedPolicy({
            mode: 'approve',
            limits: { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 9, windowMs: 1e6 }] },
            steps: [0, 1].map(() => simulatedPolicy().playbooks[0]!.steps[0]!),
          }).playbooks[0]!,
        ],
      },
      [somePatient('web', false)],
    )
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    const [incident] = await simulation.store.read.incidents({ limit: 1 })
    const id = incident?.id ?? ''
    const first = await simulation.store.read.liveApproval(id)
    await decide(id, first?.planDigest ?? '')
    for (let turn = 0; turn < 80; turn += 1) {
      simulation.pass(3_000)
      await simulation.settle()
    }
    expect(restarts()).toBe(1)
    const second = await simulation.store.read.liveApproval(id)
    expect(second).toMatchObject({ state: 'pending', attempt: 2, step: 1, planDigest: first?.planDigest })
    await expect(decide(id, first?.planDigest ?? '', { ask: first?.id })).rejects.toThrow(
      'operator:ada has approved it already',
    )
    // Said of the first attempt, it comes late, or twice: the plan is the same, the attempt is not.
    await expect(decide(id, first?.planDigest ?? '', { by: 'operator:bob' })).rejects.toThrow(
      `asked about before, and now for attempt 2: say that ask ${second?.id} is meant`,
    )
    expect(await simulation.store.read.liveApproval(id)).toMatchObject({ id: second?.id, state: 'pending' })
    await decide(id, second?.planDigest ?? '', { ask: second?.id })
    await untilOver()
    expect(restarts()).toBe(2)
  })
})

describe('who decides', () => {
  test('of two at the same instant one wins, and the other is told who', async () => {
    const { id, ask } = await asked()
    const names = Array.from({ length: 20 }, (_, index) => `operator:p${index}`)
    const decisions = await Promise.allSettled(
      names.map((by, index) => decide(id, ask?.planDigest ?? '', { by, decision: index % 2 ? 'reject' : 'approve' })),
    )
    const won = decisions.filter(({ status }) => status === 'fulfilled')
    expect(won).toHaveLength(1)
    const [after] = await simulation.store.read.approvalsOf(id)
    for (const lost of decisions.filter((one) => one.status === 'rejected')) {
      expect(lost.reason).toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(`${after?.decidedBy} has `),
      })
    }
    const decided = await simulation.store.read.audit({ incident: id, types: ['approval.decided'], limit: 99 })
    expect(decided).toHaveLength(1)
    await simulation.restart()
    await expect(decide(id, ask?.planDigest ?? '', { by: 'operator:late' })).rejects.toThrow(`${after?.decidedBy} has `)
  })

  test('four eyes are two people, and one of them twice is one', async () => {
    const { id, ask } = await asked(asking({ fourEyes: true }))
    expect(ask?.needed).toBe(2)
    await decide(id, ask?.planDigest ?? '')
    await expect(decide(id, ask?.planDigest ?? '')).rejects.toThrow('another person must, too')
    await untilOver()
    expect(restarts()).toBe(0)
    await simulation.restart()
    await decide(id, ask?.planDigest ?? '', { by: 'operator:bob' })
    await untilOver()
    expect(restarts()).toBe(1)
    expect((await simulation.store.read.approvalsOf(id))[0]?.endorsements.map(({ by }) => by)).toEqual([
      'operator:ada',
      'operator:bob',
    ])
  })

  test('four eyes that are demanded later void what one has approved', async () => {
    const { id, ask } = await asked()
    await decide(id, ask?.planDigest ?? '')
    simulation.policy = { ...asking({}, { approval: { fourEyes: true } }), revision: 'r2' }
    await simulation.settle()
    expect(restarts()).toBe(0)
    expect(await simulation.store.read.liveApproval(id)).toMatchObject({ state: 'pending', needed: 2 })
  })

  test('a manual heal is approved by who asked for it; under four eyes by somebody else', async () => {
    const request = {
      action: 'container-restart',
      target: 'container/local/web',
      with: {},
      reason: 'r',
      by: 'operator:ada',
    }
    const approve = (fourEyes: boolean): Policy => {
      const policy = simulatedPolicy()
      return { ...policy, config: { ...policy.config, mode: 'approve', approval: { fourEyes } } }
    }
    simulation = await startSimulation(approve(false), [somePatient('web')])
    await heal(request, simulation.ports)
    await untilOver()
    expect(restarts()).toBe(1)
    await simulation.close()
    simulation = await startSimulation(approve(true), [somePatient('web')])
    const { id } = await heal(request, simulation.ports)
    await simulation.settle()
    expect(restarts()).toBe(0)
    const ask = await simulation.store.read.liveApproval(id)
    expect(ask).toMatchObject({ needed: 1, requestedBy: 'operator:ada' })
    await expect(decide(id, ask?.planDigest ?? '')).rejects.toThrow('somebody else must approve it')
    await decide(id, ask?.planDigest ?? '', { by: 'operator:bob' })
    await untilOver()
    expect(restarts()).toBe(1)
  })
})

describe('an external policy', () => {
  const policy = { kind: 'named', name: 'opa' } as const
  const saying = (...answers: Awaited<ReturnType<AskPolicy>>[]) => {
    const inputs: unknown[] = []
    const askPolicy: AskPolicy = async (_, input) => {
      inputs.push(input)
      return answers[Math.min(inputs.length, answers.length) - 1]!
    }
    return { inputs, askPolicy }
  }
  const allow = { decision: 'allow', reason: 'small' } as const
  const deny = { decision: 'deny', reason: 'freeze' } as const
  const ask = { decision: 'ask', reason: 'unsure' } as const

  test('what it allows runs without a person, and its answer stands in the log', async () => {
    const { askPolicy, inputs } = saying(allow)
    const { id } = await asked(asking({ policy }), { askPolicy })
    await untilOver()
    expect(restarts()).toBe(1)
    expect(inputs[0]).toMatchObject({
      plan: { digest: expect.any(String), target: 'container/local/web' },
      mode: 'approve',
    })
    const assessed = await simulation.store.read.audit({ incident: id, types: ['incident.assessed'], limit: 9 })
    expect(JSON.stringify(assessed.at(-1)?.body)).toContain('"reason":"small"')
  })

  test('what it denies waits, is asked anew, and goes to a human when it stays denied', async () => {
    const { askPolicy, inputs } = saying(deny)
    const { id } = await asked(asking({ policy }), { askPolicy })
    expect(await simulation.store.read.incident(id)).toMatchObject({ state: 'waiting', waiting: { gate: 'approval' } })
    simulation.pass(30_000)
    await simulation.settle()
    expect(inputs).toHaveLength(2)
    simulation.pass(900_000)
    await simulation.settle()
    expect(await stateOf(id)).toBe('handed_over')
    expect(restarts()).toBe(0)
  })

  test('what it asks about waits for people, and a denial after their word still holds it back', async () => {
    const { askPolicy } = saying(ask, deny)
    const { id, ask: live } = await asked(asking({ policy }), { askPolicy })
    expect(live).toMatchObject({ state: 'pending' })
    await decide(id, live?.planDigest ?? '')
    await untilOver()
    expect(restarts()).toBe(0)
    expect(await stateOf(id)).toBe('waiting')
  })

  test('it holds a playbook in auto, too; and four eyes are people whatever it allows', async () => {
    const auto = simulatedPolicy({ mode: 'auto', approval: { ...noApprovalRules, policy } })
    const first = saying(deny)
    await asked(auto, { askPolicy: first.askPolicy })
    await untilOver()
    expect(restarts()).toBe(0)
    await simulation.close()
    const second = saying(allow)
    const { ask: live } = await asked(asking({ policy, fourEyes: true }), { askPolicy: second.askPolicy })
    expect(live?.needed).toBe(2)
  })
})

describe('a crash', () => {
  test.each([
    'commit:before:decide',
    'commit:after:decide',
    'commit:before:intent',
    'commit:after:intent',
    'commit:before:verdict',
    'commit:after:verdict',
  ])('at %s loses no decision and makes no second effect', async (point) => {
    const { id, ask } = await asked()
    simulation.crashAt(point)
    await decide(id, ask?.planDigest ?? '').catch(() => {})
    await simulation.settle()
    if (simulation.dead) await simulation.restart()
    const live = await simulation.store.read.liveApproval(id)
    if (live?.state === 'pending') await decide(id, live.planDigest)
    await untilOver()
    const attempts = await simulation.store.read.attemptsOf(id)
    expect(restarts()).toBeLessThanOrEqual(1)
    expect(attempts.length).toBe(1)
    expect((await simulation.store.read.approvalsOf(id))[0]).toMatchObject({ state: 'used', usedBy: attempts[0]?.id })
  })
})
