import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptPhases } from '../../src/domain/attempt.ts'
import { incidentStates } from '../../src/domain/incident.ts'
import { type Facts, next } from '../../src/engine/next.ts'
import { someApproval, someAttempt, someFacts, someIncident, somePlaybook, someRecord } from '../kit/records.ts'

const resolved = someRecord({ status: 'resolved', resolvedAt: 5_000, resolvedBy: 'oracle', resolvedConfirmed: true })
const unconfirmed = someRecord({ status: 'resolved', resolvedAt: 5_000, resolvedBy: 'delivery' })

describe('an incident whose alert fires', () => {
  test('is assessed for its step', () => {
    expect(next(someFacts(), 2_000)).toMatchObject({ do: 'assess', step: 0 })
  })

  test('waits until it has been ill for the settle time, counted from the alert’s start', () => {
    const facts = someFacts({ playbook: somePlaybook({ settleMs: 30_000 }) })
    expect(next(facts, 30_999)).toMatchObject({ do: 'wait', until: 31_000 })
    expect(next(facts, 31_000)).toMatchObject({ do: 'assess' })
  })

  test('is handed over by an escalate step and at the end of the ladder', () => {
    const incident = someIncident({ step: 1 })
    expect(next(someFacts({ incident }), 2_000)).toMatchObject({ do: 'hand_over', channel: 'oncall' })
    const past = someIncident({ step: 2 })
    expect(next(someFacts({ incident: past }), 2_000)).toMatchObject({ do: 'hand_over', channel: null })
  })

  test('is handed over when gates have blocked for longer than maxWait', () => {
    const incident = someIncident({ state: 'waiting', blockedSince: 1_000 })
    expect(next(someFacts({ incident }), 900_999)).toMatchObject({ do: 'assess' })
    expect(next(someFacts({ incident }), 901_000)).toMatchObject({ do: 'hand_over', channel: 'oncall' })
  })

  test('pages nobody while it is only observed, however long a gate blocks', () => {
    const incident = someIncident({ state: 'waiting', blockedSince: 1_000 })
    expect(next(someFacts({ incident, ceiling: 'observe' }), 9_000_000)).toMatchObject({ do: 'assess' })
  })

  test('rests in observe mode once would_run is recorded, and is assessed anew under another policy', () => {
    const incident = someIncident({ state: 'waiting', wouldRunRevision: 'r1' })
    expect(next(someFacts({ incident, ceiling: 'observe' }), 9_000_000)).toMatchObject({ do: 'wait' })
    expect(next(someFacts({ incident, ceiling: 'observe', policyRevision: 'r2' }), 2_000)).toMatchObject({
      do: 'assess',
    })
  })

  test('looks again while people are asked, and goes to a human when their time is up', () => {
    const incident = someIncident({ state: 'awaiting_approval', blockedSince: 2_000 })
    const playbook = somePlaybook({ mode: 'approve' })
    const facts = someFacts({ incident, playbook, approval: someApproval({ since: 2_000, expiresAt: 1_802_000 }) })
    expect(next(facts, 1_801_999)).toMatchObject({ do: 'assess' })
    expect(next(facts, 1_802_000)).toMatchObject({
      do: 'hand_over',
      channel: 'oncall',
      reason: 'nobody decided in 30m',
    })
  })

  test('an approval that waits for its gates expires, too', () => {
    const incident = someIncident({ state: 'waiting', blockedSince: 2_000 })
    const facts = someFacts({ incident, approval: someApproval({ state: 'approved', expiresAt: 62_000 }) })
    expect(next(facts, 61_999)).toMatchObject({ do: 'assess' })
    expect(next(facts, 62_000)).toMatchObject({ do: 'hand_over' })
  })

  test('ends when its playbook is gone: cancelled if untouched, else with a human', () => {
    expect(next(someFacts({ playbook: null }), 2_000)).toMatchObject({ do: 'close', ending: 'cancelled' })
    const incident = someIncident({ touched: true })
    expect(next(someFacts({ incident, playbook: null }), 2_000)).toMatchObject({ do: 'hand_over' })
  })
})

describe('an incident whose alerts say that it is over', () => {
  test('asks the source before it believes them', () => {
    expect(next(someFacts({ alerts: [unconfirmed] }), 6_000)).toEqual({ do: 'confirm' })
  })

  test('closes as self_recovered when confirmed before any effect', () => {
    expect(next(someFacts({ alerts: [resolved] }), 6_000)).toMatchObject({ do: 'close', ending: 'self_recovered' })
  })

  test('closes as cancelled, claiming nothing, when no source could confirm it in time', () => {
    const incident = someIncident({ unconfirmedSince: 6_000 })
    const command = next(someFacts({ incident, alerts: [unconfirmed] }), 906_000)
    expect(command).toMatchObject({ do: 'close', ending: 'cancelled' })
    expect(command).toHaveProperty('reason', expect.stringContaining('no source could confirm'))
  })

  test('closes as unverified after an effect, and as escalated after a hand-over', () => {
    const touched = someIncident({ touched: true })
    expect(next(someFacts({ incident: touched, alerts: [resolved] }), 6_000)).toMatchObject({ ending: 'unverified' })
    const handed = someIncident({ state: 'handed_over', touched: true, handedOverAt: 4_000 })
    expect(next(someFacts({ incident: handed, alerts: [resolved] }), 6_000)).toMatchObject({ ending: 'escalated' })
  })
})

describe('an attempt under way', () => {
  test('is left alone while its effect runs in this process', () => {
    const facts = someFacts({ incident: someIncident({ state: 'acting' }), attempt: someAttempt(), running: true })
    expect(next(facts, 3_000)).toMatchObject({ do: 'wait', until: 72_000 })
  })

  test('is declared unknown when nobody runs it', () => {
    const facts = someFacts({ incident: someIncident({ state: 'acting' }), attempt: someAttempt(), running: false })
    expect(next(facts, 3_000)).toMatchObject({ do: 'declare_unknown' })
  })

  test('is verified in rounds', () => {
    const attempt = someAttempt({ phase: 'verifying', effect: 'done', lastRoundAt: 10_000 })
    const facts = someFacts({ incident: someIncident({ state: 'verifying' }), attempt })
    expect(next(facts, 11_000)).toMatchObject({ do: 'wait', until: 12_000 })
    expect(next(facts, 12_000)).toMatchObject({ do: 'verify' })
  })
})

describe('an incident with a temporary effect in force', () => {
  const effect = (more: Partial<NonNullable<Facts['effect']>> = {}) => ({
    attempt: someAttempt({ phase: 'concluded', outcome: 'healed', holdMs: 9_000, inForce: true, concludedAt: 11_000 }),
    tries: 0,
    triedAt: null,
    held: false,
    loaded: true,
    ...more,
  })
  const incident = someIncident({ state: 'holding', touched: true, step: 1, holdUntil: 20_000 })
  const facts = (more: Partial<Facts> = {}) => someFacts({ incident, alerts: [resolved], effect: effect(), ...more })

  test('holds it for its time, then takes it back', () => {
    expect(next(facts(), 19_999)).toMatchObject({ do: 'wait', until: 20_000 })
    expect(next(facts(), 20_000)).toMatchObject({ do: 'revert' })
  })

  test('takes it back at once when the alert is heard of again, or nobody wants it any more', () => {
    const again = someRecord({ lastSeenAt: 11_001 })
    expect(next(facts({ alerts: [again] }), 12_000)).toMatchObject({ do: 'revert' })
    // It was proven though this alert had not resolved yet; its last word is from before.
    expect(next(facts({ alerts: [someRecord({ lastSeenAt: 11_000 })] }), 12_000)).toMatchObject({ do: 'wait' })
    const cancelled = { ...incident, cancelRequestedBy: 'ada' }
    expect(next(facts({ incident: cancelled }), 12_000)).toMatchObject({ do: 'revert' })
    expect(next(facts({ incident: { ...incident, holdUntil: null } }), 12_000)).toMatchObject({ do: 'revert' })
  })

  test('takes it back without its playbook, in observe mode, and while a human has it', () => {
    expect(next(facts({ playbook: null, stillMatched: false }), 20_000)).toMatchObject({ do: 'revert' })
    expect(next(facts({ ceiling: 'observe' }), 20_000)).toMatchObject({ do: 'revert' })
    const handed = { ...incident, state: 'handed_over', handedOverAt: 15_000, holdUntil: null } as const
    expect(next(facts({ incident: handed }), 16_000)).toMatchObject({ do: 'revert' })
  })

  test('waits while the attempt of another incident holds the target', () => {
    expect(next(facts({ effect: effect({ held: true }) }), 20_000)).toMatchObject({ do: 'wait' })
  })

  test('tries again after growing pauses, and tells a human after five', () => {
    const tried = (tries: number) => facts({ effect: effect({ tries, triedAt: 30_000 }) })
    expect(next(tried(1), 31_999)).toMatchObject({ do: 'wait', until: 32_000 })
    expect(next(tried(1), 32_000)).toMatchObject({ do: 'revert' })
    expect(next(tried(4), 45_999)).toMatchObject({ do: 'wait', until: 46_000 })
    expect(next(tried(5), 31_000)).toMatchObject({ do: 'hand_over', channel: 'oncall' })
    const handed = { ...incident, state: 'handed_over', handedOverAt: 31_000 } as const
    expect(next({ ...tried(30), incident: handed }, 629_999)).toMatchObject({ do: 'wait', until: 630_000 })
    const resumed = { ...incident, state: 'open', handedOverAt: null } as const
    expect(next({ ...tried(30), incident: resumed }, 31_000)).toMatchObject({ do: 'revert' })
  })

  test('tells a human at once when no plugin could take it back', () => {
    const missing = facts({ effect: effect({ loaded: false }) })
    expect(next(missing, 20_000)).toMatchObject({ do: 'hand_over' })
    const handed = { ...incident, state: 'handed_over', handedOverAt: 31_000 } as const
    expect(next({ ...missing, incident: handed }, 32_000)).toMatchObject({ do: 'wait' })
  })
})

const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const mostly = rarely.map((value) => !value)
const someTime = fc.integer({ min: 0, max: 2_000_000 })
const maybeTime = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: someTime })

const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    state: fc.constantFrom(...incidentStates),
    step: fc.constantFrom(0, 0, 0, 1, 2, 3),
    touched: fc.boolean(),
    handedOver: rarely,
    cancel: rarely,
    blockedSince: maybeTime,
    unconfirmedSince: maybeTime,
    rested: rarely,
    mode: fc.constantFrom('observe', 'approve', 'auto'),
    playbook: mostly,
    stillMatched: mostly,
    phase: fc.constantFrom(null, null, null, ...attemptPhases),
    running: fc.boolean(),
    restored: rarely,
    alerts: fc.array(fc.constantFrom(someRecord(), resolved, unconfirmed), { maxLength: 3 }),
    manual: rarely,
    effect: rarely,
    concludedAt: someTime,
    holdUntil: maybeTime,
    tries: fc.nat(7),
    triedAt: someTime,
    held: rarely,
    loaded: mostly,
    asks: rarely,
  })
  .map((some) => ({
    incident: someIncident({
      state: some.state,
      step: some.step,
      touched: some.touched,
      handedOverAt: some.handedOver ? 1_500 : null,
      cancelRequestedBy: some.cancel ? 'ada' : null,
      blockedSince: some.blockedSince,
      unconfirmedSince: some.unconfirmedSince,
      wouldRunRevision: some.rested ? 'r1' : null,
      holdUntil: some.holdUntil,
      manual: some.manual ? { action: 'container-restart', with: {}, by: 'ada', reason: '' } : null,
    }),
    playbook: some.playbook ? somePlaybook() : null,
    ceiling: some.mode as Facts['ceiling'],
    policyRevision: 'r1',
    pausing: { pauses: [], windows: [] },
    alerts: some.alerts,
    stillMatched: some.stillMatched,
    choice: null,
    attempt: some.phase === null || some.phase === 'concluded' ? null : someAttempt({ phase: some.phase }),
    effect:
      some.effect && some.phase !== 'verifying'
        ? {
            attempt: someAttempt({ holdMs: 600_000, inForce: true, phase: 'concluded', concludedAt: some.concludedAt }),
            tries: some.tries,
            triedAt: some.tries === 0 ? null : some.triedAt,
            held: some.held,
            loaded: some.loaded,
          }
        : null,
    approval: some.asks ? someApproval() : null,
    running: some.running,
    restored: some.restored,
    limits: someFacts().limits,
  }))

describe('the whole table', () => {
  test('never starts, verifies or closes what it must not, and still allows effects', () => {
    let assessed = 0
    let reverted = 0
    let inForce = 0
    let total = 0
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 0, max: 3_000_000 }), (facts, now) => {
        const command = next(facts, now)
        const { incident, attempt, alerts } = facts
        const ill = incident.manual !== null || alerts.some(({ status }) => status === 'firing')
        total += 1
        expect(next(facts, now)).toEqual(command)
        if (command.do === 'assess') {
          assessed += 1
          expect(incident.state).not.toBe('closed')
          expect(incident.state).not.toBe('handed_over')
          expect(incident.cancelRequestedBy).toBeNull()
          expect(attempt).toBeNull()
          expect(facts.effect).toBeNull()
          expect(ill).toBe(true)
          expect(facts.playbook).not.toBeNull()
          expect(facts.stillMatched).toBe(true)
        }
        if (command.do === 'close') {
          expect(command.ending).not.toBe('healed')
          expect(attempt).toBeNull()
          expect(facts.effect).toBeNull()
          if (command.ending === 'self_recovered') expect(incident.touched).toBe(false)
        }
        if (facts.effect && attempt === null && incident.state !== 'closed') {
          inForce += 1
          if (command.do === 'revert') reverted += 1
          else expect(['wait', 'hand_over']).toContain(command.do)
        } else expect(command.do).not.toBe('revert')
        if (command.do === 'wait') expect(command.until).toBeGreaterThan(now)
        if (command.do === 'hand_over') expect(incident.state).not.toBe('handed_over')
        if (incident.state === 'closed') expect(command.do).toBe('rest')
        else expect(command.do).not.toBe('rest')
      }),
      { numRuns: 5_000 },
    )
    expect(assessed / total).toBeGreaterThan(0.02)
    expect(reverted / inForce).toBeGreaterThan(0.2)
  })
})
