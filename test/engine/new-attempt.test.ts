import { expect, test } from 'vitest'
import { newAttempt } from '../../src/engine/act/new-attempt.ts'
import { someAttempt, someIncident, somePlaybook } from '../kit/records.ts'

const playbook = somePlaybook()
const [step] = playbook.steps

function next(
  idempotent: boolean,
  earlier: Parameters<typeof newAttempt>[3]['earlier'],
  more: { readonly idempotent?: true } = {},
) {
  const policy = { actions: [{ name: 'container-restart', idempotent }] } as never
  const { plan, planDigest, runner } = someAttempt()
  const assessment = { incident: someIncident(), playbook, step, stepIndex: 0, policy } as Parameters<
    typeof newAttempt
  >[0]
  const planned = { kind: 'planned', plan: { ...plan, ...more }, digest: planDigest } as const
  return newAttempt(assessment, planned, { identity: runner } as never, { now: 9_000, id: 'new', earlier })
}

const unseen = { outcome: 'unknown', idempotent: true, phase: 'concluded' } as const

test('an idempotent action repeats the key of a start whose end nobody saw, once; then a new start is a new effect', () => {
  const first = someAttempt({ ...unseen, id: 'a1', idempotencyKey: 'a1' })
  const second = someAttempt({ ...unseen, id: 'a2', idempotencyKey: 'a1' })
  expect(next(true, [first]).idempotencyKey).toBe('a1')
  expect(next(true, [first, second]).idempotencyKey).toBe('new')
})

test('a plan may say of itself what its action does not say of every one', () => {
  const first = someAttempt({ ...unseen, id: 'a1', idempotencyKey: 'a1' })
  expect(next(false, [first], { idempotent: true })).toMatchObject({ idempotencyKey: 'a1', idempotent: true })
  expect(next(false, [first])).toMatchObject({ idempotencyKey: 'new', idempotent: false })
})

test('every other start has a key of its own', () => {
  expect(next(true, []).idempotencyKey).toBe('new')
  expect(next(false, [someAttempt({ ...unseen, idempotent: false })]).idempotencyKey).toBe('new')
  expect(next(true, [someAttempt({ ...unseen, outcome: 'ineffective' })]).idempotencyKey).toBe('new')
  expect(next(true, [someAttempt({ ...unseen, step: 1 })]).idempotencyKey).toBe('new')
  expect(next(true, [someAttempt({ ...unseen, holdMs: 9_000 })]).idempotencyKey).toBe('new')
  expect(next(true, [someAttempt({ ...unseen, reverts: 'a0' })]).idempotencyKey).toBe('new')
})
