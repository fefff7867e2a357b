import { expect, test } from 'vitest'
import { type Asker, createPlaces } from '../../src/engine/turns/places.ts'

function somePlaces(max: number) {
  const called: string[] = []
  const state = { now: 1_000, max }
  const places = createPlaces({
    max: () => state.max,
    now: () => state.now,
    onCall: (incident) => {
      called.push(incident)
      return !incident.startsWith('gone')
    },
  })
  return { places, called, state }
}

const lesser = (incident: string, playbook = 'crowd'): Asker => ({ incident, playbook, priority: 0, highest: false })
const high = (incident: string): Asker => ({ incident, playbook: 'critical', priority: 9, highest: true })
const equal = (incident: string, playbook = 'only'): Asker => ({ incident, playbook, priority: 0, highest: true })

test('there are as many places as the limit says, and one that is left is there again', () => {
  const { places } = somePlaces(2)
  expect([places.take(equal('a')), places.take(equal('b')), places.take(equal('c'))]).toEqual([true, true, false])
  places.leave()
  expect(places.take(equal('c'))).toBe(true)
})

test('the last place is kept for the highest priority, unless it is the only one', () => {
  const { places } = somePlaces(2)
  expect(places.take(lesser('a'))).toBe(true)
  expect(places.refusal(lesser('b'))).toEqual({ taken: 1, before: 0 })
  expect(places.refusal(high('h'))).toBe(null)
  expect(places.take(high('h'))).toBe(true)
  expect(somePlaces(1).places.take(lesser('a'))).toBe(true)
})

test('who waits is called when there is a place: by priority, then playbook by playbook, then who has waited longest', () => {
  const { places, called, state } = somePlaces(1)
  places.take(equal('running'))
  for (const asker of [equal('a1', 'a'), equal('a2', 'a'), equal('b1', 'b'), high('h')]) {
    state.now += 1
    expect(places.refusal(asker)).not.toBe(null)
  }
  for (const next of [high('h'), equal('a1', 'a'), equal('b1', 'b'), equal('a2', 'a')]) {
    places.leave()
    expect(called.at(-1)).toBe(next.incident)
    expect(places.take(next)).toBe(true)
  }
  expect(called).toEqual(['h', 'a1', 'b1', 'a2'])
})

test('a place is free for who was called, for a second, and then for others', () => {
  const { places, called, state } = somePlaces(1)
  places.take(equal('running'))
  places.refusal(equal('a'))
  places.leave()
  expect(called).toEqual(['a'])
  expect(places.take(equal('quick'))).toBe(false)
  state.now += 1_000
  expect(places.take(equal('quick'))).toBe(true)
})

test('who was called and took no place gives way to the next, and who is gone is passed over', () => {
  const { places, called } = somePlaces(1)
  places.take(equal('running'))
  for (const name of ['blocked', 'gone', 'last']) places.refusal(equal(name))
  places.leave()
  places.looked('blocked')
  expect(called).toEqual(['blocked', 'gone', 'last'])
})

test('no priority starves another for ever', () => {
  const { places, called, state } = somePlaces(1)
  places.take(equal('running'))
  places.refusal(lesser('low'))
  for (let turn = 0; turn < 8 && !called.includes('low'); turn += 1) {
    state.now += 1
    places.refusal(high(`h${turn}`))
    places.leave()
    const next = called.at(-1) as string
    expect(places.take(next === 'low' ? lesser('low') : high(next))).toBe(true)
  }
  expect(called).toContain('low')
})

test('who comes later in the line is told how many come first', () => {
  const { places } = somePlaces(1)
  places.take(equal('running'))
  for (let index = 0; index < 3; index += 1) places.refusal(lesser(`c${index}`))
  expect(places.refusal(lesser('c3'))).toEqual({ taken: 1, before: 3 })
  expect(places.refusal(high('h'))).toEqual({ taken: 1, before: 0 })
})
