import { expect, test } from 'vitest'
import { createTeller, type Step } from '../../src/demo/steps.ts'

function told(json: boolean, step: Step): string {
  let text = ''
  let now = 100
  const tell = createTeller(
    json,
    (more) => {
      text += more
    },
    () => now,
  )
  now = 1_360
  tell(step)
  return text
}

const event = {
  step: 'event',
  seq: 7,
  type: 'incident.opened',
  eventAt: '2031-02-03T04:05:06.789Z',
  incident: 'i',
  words: 'by \u001b[31ma label',
} as const

test('people read a line with the seconds, in which no text from outside steers the terminal', () => {
  expect(told(false, event)).toMatch(/^ +1\.3s {2}log 7 +incident\.opened +by \\u001b\[31ma label\n$/)
})

test('programs read one JSON line a step', () => {
  const text = told(true, event)
  expect(text).toMatch(/^[^\n]+\n$/)
  expect(JSON.parse(text)).toEqual({ at: expect.any(String), elapsedMs: 1_260, ...event })
})

test('a fact that is not so says what it must be', () => {
  const fact = { step: 'fact', fact: 'files', ok: false, saw: '2', wanted: '1' } as const
  expect(told(false, fact)).toMatch(/fact +NOT SO {2}files: 2; it must be: 1\n$/)
})

test('a failure of several lines stays several lines, each with the words of its own', () => {
  const failed = { step: 'failed', message: 'it ended:\nfirst\nby \u001b[31ma label', next: 'Look.' } as const
  expect(told(false, failed)).toBe('\nThe demo has failed: it ended:\nfirst\nby \\u001b[31ma label\nLook.\n')
})
