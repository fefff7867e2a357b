import { expect, test } from 'vitest'
import type { PastEffect } from '../../src/engine/facts/counting.ts'
import { findLoop } from '../../src/engine/facts/find-loop.ts'

const rule = { rounds: 2, aftermathMs: 1_000 }

/** Effects of half a second on places such as `a`, one every second, each for an illness that began just before; newest first. */
function effects(places: string): readonly PastEffect[] {
  return [...places].map((place, index) => effect(place, index * 1_000)).toReversed()
}

function effect(place: string, at: number): PastEffect {
  return {
    id: `${place}${at}`,
    playbook: place,
    target: place,
    illSince: at - 1,
    intendedAt: at,
    concludedAt: at + 500,
  }
}

function chainOf(places: string, place: string, illSince = places.length * 1_000 - 1) {
  const chain = findLoop({ playbook: place, target: place, illSince }, effects(places), rule)
  return chain?.map(({ target }) => target).join('') ?? null
}

test('an illness that has come round twice to its own place is a loop, of two members or of more', () => {
  expect(chainOf('abab', 'a')).toBe('abab')
  expect(chainOf('abcabc', 'a')).toBe('abcabc')
  expect(chainOf('xababab', 'a')).toBe('abab')
})

test('one round is none yet', () => {
  expect(chainOf('ab', 'a')).toBe(null)
  expect(chainOf('bab', 'a')).toBe(null)
})

test('a relapse of one place, however often, is no loop', () => {
  expect(chainOf('aaaa', 'a')).toBe(null)
})

test('to come back through other places each time is no loop', () => {
  expect(chainOf('abac', 'a')).toBe(null)
  expect(chainOf('abcacb', 'a')).toBe(null)
})

test('an illness that began before an effect, or long after it, was not caused by it', () => {
  expect(chainOf('abab', 'a', 2_999)).toBe(null)
  expect(chainOf('abab', 'a', 4_501)).toBe(null)
  expect(chainOf('abab', 'a', 4_500)).toBe('abab')
})

test('two playbooks that call each other on one target are a loop', () => {
  const both = [0, 1, 2, 3].map((index) => ({ ...effect(index % 2 === 0 ? 'p' : 'q', index * 1_000), target: 't' }))
  const chain = findLoop({ playbook: 'p', target: 't', illSince: 3_999 }, both.toReversed(), rule)
  expect(chain?.map(({ playbook }) => playbook).join('')).toBe('pqpq')
})

test('a crowd in which everything may have caused everything is searched in bounded time', () => {
  const crowd = Array.from({ length: 500 }, (_, index) => ({ ...effect(`n${index % 250}`, index), concludedAt: null }))
  const startedAt = performance.now()
  expect(findLoop({ playbook: 'a', target: 'a', illSince: 500 }, crowd.toReversed(), rule)).toBe(null)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test('a loop is found in a crowd, too: who was treated less often than it goes round is no member of it', () => {
  const loop = [...'abab'].map((place, index) => effect(place, index * 1_000))
  const crowd = Array.from({ length: 400 }, (_, index) => ({ ...effect(`n${index}`, index * 9), concludedAt: null }))
  const all = [...loop, ...crowd].toSorted((one, other) => other.intendedAt - one.intendedAt)
  const chain = findLoop({ playbook: 'a', target: 'a', illSince: 3_999 }, all, rule)
  expect(chain?.map(({ target }) => target).join('')).toBe('abab')
})
