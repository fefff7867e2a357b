import { expect, test } from 'vitest'
import type { HealingSilence } from '../../src/domain/silence.ts'
import { planSilences, type WantedSilence } from '../../src/engine/silence/plan-silences.ts'
import { someAttempt } from '../kit/records.ts'

const times = { now: 100_000, ttlMs: 60_000 }
const labels = { alertname: 'Ill', name: 'web' }
const wanted: WantedSilence = { attempt: someAttempt({ id: 'a1' }), source: 'main', fingerprint: 'f1', labels }
const silence: HealingSilence = { id: 's1', attempt: 'a1', labels, endsAt: 150_000 }

test('what is missing is set, what is there is left, what nobody wants is expired', () => {
  expect(planSilences([wanted], [], times)).toEqual([{ do: 'set', wanted }])
  expect(planSilences([wanted], [silence], times)).toEqual([])
  expect(planSilences([], [silence], times)).toEqual([{ do: 'expire', silence }])
})

test('one that has less than half of its life left is extended', () => {
  const old = { ...silence, endsAt: times.now + 29_999 }
  expect(planSilences([wanted], [old], times)).toEqual([{ do: 'extend', wanted, id: 's1' }])
  expect(planSilences([wanted], [{ ...old, endsAt: times.now + 30_000 }], times)).toEqual([])
})

test('a silence is wanted for one attempt and one set of labels alone', () => {
  for (const other of [
    { ...silence, attempt: 'a2' },
    { ...silence, labels: { ...labels, host: 'h' } },
    { ...silence, labels: { alertname: 'Ill' } },
  ]) {
    const commands = planSilences([wanted], [other], times)
    expect(commands).toEqual([
      { do: 'expire', silence: other },
      { do: 'set', wanted },
    ])
  }
})

test('of two for the same alert every Alertmanager keeps the same one, in whatever order it lists them', () => {
  const twin = { ...silence, id: 's2' }
  for (const listed of [
    [silence, twin],
    [twin, silence],
  ]) {
    expect(planSilences([wanted], listed, times)).toEqual([{ do: 'expire', silence: twin }])
  }
})
