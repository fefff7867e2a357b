import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesPlace } from '../../src/domain/place-glob.ts'

test.each([
  ['local/web', true],
  ['local/*', true],
  ['*/web', true],
  ['*/*', true],
  ['l*l/w?b', true],
  ['web', true],
  ['*', true],
  ['w**b', true],
  ['*e*', true],
  ['local/we', false],
  ['local/web?', false],
  ['ocal/web', false],
  ['local/webs', false],
  ['local', false],
  ['other/*', false],
  ['*/*/*', false],
  ['local*web', false],
  ['local?web', false],
  ['Local/web', false],
  ['', false],
])('the glob "%s" over local/web: %s', (glob, matched) => {
  expect(matchesPlace(glob, 'local', 'web')).toBe(matched)
})

test('agrees with the regular expression that means the same', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), minLength: 1, maxLength: 8 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(part, part, name, name, (globPlace, globName, place, text) => {
      const glob = `${globPlace}/${globName}`
      const meaning = glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*').replaceAll('?', '[^/]')
      expect(matchesPlace(glob, place, text)).toBe(new RegExp(`^${meaning}$`).test(`${place}/${text}`))
    }),
    { numRuns: 2_000 },
  )
})

test('takes no longer for a glob full of stars', () => {
  const before = performance.now()
  expect(matchesPlace(`${'*a'.repeat(50)}*b`, 'local', 'a'.repeat(5_000))).toBe(false)
  expect(performance.now() - before).toBeLessThan(1_000)
})
