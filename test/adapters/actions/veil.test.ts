import { expect, test } from 'vitest'
import type { Reply } from '../../../src/adapters/actions/dialogue.ts'
import { planOutcome } from '../../../src/adapters/actions/outcomes.ts'
import { unsaid, veiled } from '../../../src/adapters/actions/veil.ts'
import type { ActionInfo } from '../../../src/domain/action.ts'

const value = (value: unknown): Reply => ({ kind: 'answered', answer: { id: '1', kind: 'value', value }, late: null })
const threw = (reason: string): Reply => ({ kind: 'answered', answer: { id: '1', kind: 'threw', reason }, late: null })
const textOf = (reply: Reply) => JSON.stringify(reply)

const secrets = ['correct-horse "battery" staple', 'correct-horse']

test('a secret is taken out of texts, names and texts that are JSON themselves', () => {
  const [long = '', short = ''] = secrets
  const told = { [short]: [long, JSON.stringify({ told: long })], deep: { a: `x${short}y` } }
  for (const reply of [value(told), threw(textOf(value(told))), { kind: 'lost', reason: long, asked: true } as const]) {
    expect(textOf(veiled(reply, secrets))).not.toMatch(/horse|battery/)
    expect(textOf(veiled(reply, secrets))).toContain('[redacted]')
  }
})

test('where words were cut in the middle of a secret, its beginning is not shown either', () => {
  const cut = veiled(value({ said: 'WRONGPASS correct-hor… and so on', other: 'correct…' }), secrets)
  expect(textOf(cut)).not.toContain('correct')
  expect(textOf(veiled(threw('it said correct-ho'), secrets))).not.toContain('correct')
})

test('a secret that is a word of the answer’s own form takes nothing away but itself', () => {
  const shown = veiled(threw('it was answered'), ['answered'])
  expect(shown).toMatchObject({ kind: 'answered', answer: { kind: 'threw', reason: 'it was [redacted]' } })
})

const call = { action: { name: 'a' } as ActionInfo, target: 'service/shop', params: {}, now: 0 }
const plan = (more: object) =>
  value({ params: { word: 'production' }, result: { pin: { id: '1' }, summary: 'restart production', ...more } })
const outcomeOf = (reply: Reply) => planOutcome(call, veiled(reply, ['production']), reply)

test('what is acted on stays as it was said, for something else would be done and something else be held', () => {
  expect(outcomeOf(plan({ touches: ['container/local/production-web'] }))).toMatchObject({
    kind: 'planned',
    plan: {
      params: { word: 'production' },
      touches: ['container/local/production-web'],
      summary: 'restart [redacted]',
    },
  })
})

test('what the target itself is called is no secret, whatever else has that name', () => {
  expect(unsaid(['production', 'correct-horse'], 'container/local/production-web', {})).toEqual(['correct-horse'])
  expect(unsaid(secrets, 'service/shop', { say: `a ${secrets[0]}` })).toEqual([])
})

test('a plan that would record a secret as what it is about is none', () => {
  for (const more of [{ pin: { told: 'production' } }, { data: { told: 'production' } }])
    expect(outcomeOf(plan(more))).toMatchObject({ kind: 'failed', reason: expect.stringContaining('holds a secret') })
})
