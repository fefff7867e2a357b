import { expect, test } from 'vitest'
import type { Attempt, Outcome } from '../../src/domain/attempt.ts'
import type { Trial } from '../../src/domain/trial.ts'
import { rememberRecovery, rememberTrial } from '../../src/engine/ladder/remember-trial.ts'
import type { Tx } from '../../src/engine/ports.ts'
import { someAttempt, someIncident } from '../kit/records.ts'

/** What would be kept. */
function recording() {
  const trials: Trial[] = []
  return { trials, tx: { addTrial: async (trial: Trial) => void trials.push(trial) } as unknown as Tx }
}

async function trialsOf(outcome: Outcome, more: Partial<Attempt> = {}) {
  const { trials, tx } = recording()
  await rememberTrial(tx, someIncident(), someAttempt(more), { outcome, now: 9_000 })
  return trials
}

test('how an attempt ended is kept with its step and class of targets', async () => {
  expect(await trialsOf('ineffective')).toMatchObject([
    {
      playbook: 'restart',
      revision: 'p1',
      step: 'container-restart',
      targetClass: 'container/web',
      outcome: 'ineffective',
      tookMs: 7_000,
      wellBefore: null,
    },
  ])
})

test('what never began is no trial, and neither is what takes an effect back', async () => {
  expect(await trialsOf('cancelled')).toEqual([])
  expect(await trialsOf('healed', { reverts: 'a0' })).toEqual([])
})

test('it was well before only where every probe said so', async () => {
  const check = (passed: boolean) => ({ check: 'http', passed, positive: true, detail: '' })
  const wellBefore = async (...passed: boolean[]) =>
    (await trialsOf('healed', { before: passed.map(check) }))[0]?.wellBefore
  expect([await wellBefore(true, true), await wellBefore(true, false)]).toEqual([true, false])
})

test('a recovery before any attempt is kept, unless a person had begun it', async () => {
  const { trials, tx } = recording()
  await rememberRecovery(tx, someIncident(), 9_000)
  const manual = { action: 'container-restart', with: {}, by: 'ada', reason: 'r' }
  await rememberRecovery(tx, someIncident({ manual }), 9_000)
  expect(trials).toMatchObject([{ outcome: 'self_recovered', step: '', target: 'container/local/web' }])
})
