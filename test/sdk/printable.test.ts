import { expect, test } from 'vitest'
import { printable } from '../../src/sdk/printable.ts'

test.each([
  ['plain text, ümlaut and 漢字', 'plain text, ümlaut and 漢字'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
  ['a\tb\r\nc', 'a b c'],
  ['bell\u0007 nul\u0000 c1\u009b', 'bell nul c1'],
  ['left\u202eright\u2066x\u200b', 'leftrightx'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text, 100)).toBe(shown)
})

test('what is too long ends with an ellipsis and whole characters', () => {
  expect(printable('abcdef', 4)).toBe('abc…')
  expect(printable('ab😀cd', 4)).toBe('ab\ufffd…')
  expect(printable('x'.repeat(10_000_000), 10)).toHaveLength(10)
})
