import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatProblem } from '../../src/domain/policy.ts'
import { parseSource, readSourceFile } from '../../src/files/source-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function problems(text: string, file = 'a.yaml'): string[] {
  const reading = parseSource(file, text)
  return reading.ok ? [] : reading.problems.map(formatProblem)
}

test('paths lead to the position of values, keys and list items, also through aliases', () => {
  const reading = parseSource('a.yaml', 'base: &b { x: 1 }\nlist:\n  - name: one\n  - *b\nempty:\n')
  if (!reading.ok) throw new Error('not read')
  const { position, value } = reading.source
  expect(value).toEqual({ base: { x: 1 }, list: [{ name: 'one' }, { x: 1 }], empty: null })
  expect(position(['list', 0, 'name'])).toEqual({ line: 3, column: 11 })
  expect(position(['list', 0, 'name'], 'key')).toEqual({ line: 3, column: 5 })
  expect(position(['list', 1, 'x'])).toEqual({ line: 1, column: 15 })
  expect(position(['list', 0, 'missing', 'deeper'])).toEqual({ line: 3, column: 5 })
  expect(position(['nowhere'])).toEqual({ line: 1, column: 1 })
  expect(position(['empty', 'x']).line).toBe(5)
})

test('all syntax problems come at once, with positions, and quote nothing from the file', () => {
  const text = 'a: 1\na: 2\nb: !hunter2 x\n__proto__: 3\nc: { constructor: 4, prototype: 5 }\n'
  expect(problems(text)).toEqual([
    'a.yaml:2:1: error: duplicate key',
    'a.yaml:3:4: error: unknown tag (!): quote a text that begins with !',
    'a.yaml:4:1: error: the key "__proto__" is not allowed',
    'a.yaml:5:6: error: the key "constructor" is not allowed',
    'a.yaml:5:22: error: the key "prototype" is not allowed',
  ])
})

test.each([
  ['a: {{ labels.x }}/y\n', 'a.yaml:1:18: error: unexpected text: quote a value that begins with {{'],
  ['a: *hunter2\n', 'a.yaml:1:4: error: an alias (*) refers to no anchor: quote a text that begins with *'],
  ['a: "\\hunter2"\n', 'error: unknown escape in a double-quoted text'],
  ['a: @hunter2\n', 'a.yaml:1:4: error: a text that begins with this character must be quoted'],
  ['a: "hunter2\n', 'error: a character is missing here'],
  ['a:\n\t- hunter2\n', 'error: tabs cannot indent: use spaces'],
  ['a: 1\n---\nb: 2\n', 'error: one file holds one document'],
  ['a: x: hunter2\n', 'error: a nested map must stand on its own line'],
])('%j is explained without quoting it', (text, expected) => {
  const found = problems(text).join('\n')
  expect(found).toContain(expected)
  expect(found).not.toContain('hunter2')
})

test('JSON files are JSON, with positions', () => {
  expect(problems('{"a": 1, "a": 2}', 'a.json')).toEqual(['a.json:1:10: error: duplicate key'])
  expect(problems("{a: 'x'}", 'a.json')).toEqual(['a.json:1:2: error: is not JSON: name the file .yaml to write YAML'])
  const reading = parseSource('a.json', '{\n  "a": [1, {"b": true}]\n}')
  expect(reading.ok && reading.source.position(['a', 1, 'b'])).toEqual({ line: 2, column: 18 })
})

test('bombs, depth, size, encoding and absence are problems, not crashes', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`
  expect(problems(bomb)).toEqual(['a.yaml: error: repeats its anchors too often'])
  const write = (content: string | Uint8Array) => {
    const file = join(folder, 'x.yaml')
    writeFileSync(file, content)
    const reading = readSourceFile(file, 200_000)
    return reading.ok ? null : reading.problems[0]?.message
  }
  expect(write('['.repeat(100_000))).toMatch(/nested too deeply|missing/)
  expect(write('['.repeat(100_000) + ']'.repeat(100_000))).toMatch(/nested too deeply/)
  expect(write('x'.repeat(200_001))).toBe('is larger than 200000 bytes')
  expect(write(Uint8Array.of(0x61, 0xff))).toBe('is not valid UTF-8')
  const absent = readSourceFile(join(folder, 'absent.yaml'), 1000)
  expect(absent.ok ? null : absent.problems[0]?.message).toBe('cannot be read (ENOENT): it does not exist')
})
