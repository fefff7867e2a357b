import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptPhases } from '../../src/domain/attempt.ts'
import { incidentStates } from '../../src/domain/incident.ts'
import { type Facts, next } from '../../src/engine/next.ts'
import { someAttempt, someFacts, someIncident, somePlaybook, someRecord } from '../kit/records.ts'

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

  test('waits for approval until maxWait, then goes to a human', () => {
    const incident = someIncident({ state: 'awaiting_approval', wouldRunRevision: 'r1', blockedSince: 2_000 })
    const facts = someFacts({ incident, playbook: somePlaybook({ mode: 'approve' }) })
    expect(next(facts, 3_000)).toMatchObject({ do: 'wait', until: 902_000 })
    expect(next(facts, 902_000)).toMatchObject({ do: 'hand_over' })
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
    alerts: fc.array(fc.constantFrom(someRecord(), resolved, unconfirmed), { maxLength: 3 }),
    manual: rarely,
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
      manual: some.manual ? { action: 'container-restart', with: {}, by: 'ada', reason: '' } : null,
    }),
    playbook: some.playbook ? somePlaybook() : null,
    ceiling: some.mode as Facts['ceiling'],
    policyRevision: 'r1',
    alerts: some.alerts,
    stillMatched: some.stillMatched,
    attempt: some.phase === null || some.phase === 'concluded' ? null : someAttempt({ phase: some.phase }),
    effect: null,
    running: some.running,
    limits: someFacts().limits,
  }))

describe('the whole table', () => {
  test('never starts, verifies or closes what it must not, and still allows effects', () => {
    let assessed = 0
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
          expect(ill).toBe(true)
          expect(facts.playbook).not.toBeNull()
          expect(facts.stillMatched).toBe(true)
        }
        if (command.do === 'close') {
          expect(command.ending).not.toBe('healed')
          expect(attempt).toBeNull()
          if (command.ending === 'self_recovered') expect(incident.touched).toBe(false)
        }
        if (command.do === 'wait') expect(command.until).toBeGreaterThan(now)
        if (command.do === 'hand_over') expect(incident.state).not.toBe('handed_over')
        if (incident.state === 'closed') expect(command.do).toBe('rest')
        else expect(command.do).not.toBe('rest')
      }),
      { numRuns: 5_000 },
    )
    expect(assessed / total).toBeGreaterThan(0.02)
  })
})
