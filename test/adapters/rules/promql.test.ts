import { parser } from '@prometheus-io/lezer-promql'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { compilePromql } from '../../../src/adapters/rules/promql.ts'
import { renderTemplate } from '../../../src/domain/template.ts'

function compiled(query: string) {
  const reading = compilePromql(query)
  if (!reading.ok) throw new Error(reading.reason)
  return reading.template
}

function render(query: string, x: string): string {
  const rendering = renderTemplate(compiled(query), {
    labels: { x, 'x-y': x },
    annotations: { x },
    host: { ok: true, host: x },
  })
  if (!rendering.ok) throw new Error(rendering.reason)
  return rendering.text
}

/** The names of a query's syntax tree in order, and its string literals. */
function shapeOf(query: string): { names: string[]; literals: string[] } {
  const names: string[] = []
  const literals: string[] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to }) => {
      names.push(name)
      if (name === 'StringLiteral') literals.push(query.slice(from, to))
    },
    leave: ({ name }) => {
      names.push(`/${name}`)
    },
  })
  return { names, literals }
}

/** Go's rules for a double-quoted string, written apart from the product: JSON knows all of them but \x. */
function unquote(literal: string): string {
  return JSON.parse(literal.replace(/\\(x([0-9a-f]{2})|[\s\S])/g, (all, _, hex) => (hex ? `\\u00${hex}` : all)))
}

const hostile = fc.constantFrom(
  '"',
  "'",
  '`',
  '\\',
  '}',
  '{',
  '\n',
  '"} or up{a="',
  '\\"',
  '#',
  '{{ labels.y }}',
  '=~',
  '.*',
  '\\E',
  '\t',
  '\u007f',
)
const value = fc
  .array(fc.oneof(hostile, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 })), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed() && !text.includes('\u0000'))

const equalities = [
  'up{a="{{ labels.x }}"} == 1',
  "up{a='{{ labels.x }}'} == 1",
  'up{a=`{{ labels.x }}`} == 1',
  'sum by (a) (rate(up{b!="y", a!="{{ labels["x-y"] }}"}[5m])) > 0',
  'up{"a.b"="{{ annotations.x }}"} # why',
]

test.each(equalities)('any value leaves the tree of %s as it was and arrives whole', (query) => {
  const before = shapeOf(render(query, 'x'))
  fc.assert(
    fc.property(value, (x) => {
      const after = shapeOf(render(query, x))
      expect(after.names).toEqual(before.names)
      const at = before.literals.indexOf('"x"')
      expect(unquote(after.literals[at]!)).toBe(x)
    }),
    { numRuns: 300 },
  )
})

test.each(['up{a=~"{{ labels.x }}"}', "up{a!~'{{ labels.x }}'}", 'up{a=~`{{ labels.x }}`}'])(
  'under a regular expression %s matches the very value and nothing else',
  (query) => {
    const before = shapeOf(render(query, 'x'))
    fc.assert(
      fc.property(value, value, (x, other) => {
        const after = shapeOf(render(query, x))
        expect(after.names).toEqual(before.names)
        const regex = RE2JS.compile(unquote(after.literals[0]!), RE2JS.DOTALL)
        expect(regex.matches(x)).toBe(true)
        expect(regex.matches(other)).toBe(other === x)
      }),
      { numRuns: 300 },
    )
  },
)

test('text around a placeholder keeps its meaning in every quote style', () => {
  const literalOf = (query: string) => unquote(shapeOf(render(query, 'v"\\')).literals[0]!)
  expect(literalOf('up{a="p\\"q\\\\{{ labels.x }}r"}')).toBe('p"q\\v"\\r')
  expect(literalOf(`up{a='p"q\\'\\\\{{ labels.x }}r'}`)).toBe(`p"q'\\v"\\r`)
  expect(literalOf('up{a=`p"q\\n{{ labels.x }}r\n`}')).toBe('p"q\\nv"\\r\n')
  expect(literalOf('up{a="{{ labels.x }}{{ labels.x }}"}')).toBe('v"\\v"\\')
})

const misplaced = 'a placeholder may stand only inside the quoted value of a label matcher'

test.each([
  ['{{ labels.x }}', misplaced],
  ['up{{{ labels.x }}="1"}', 'malformed placeholder'],
  ['up{ {{ labels.x }}="1"}', misplaced],
  ['up{a={{ labels.x }}}', 'malformed placeholder|is not PromQL'],
  ['up > {{ labels.x }}', misplaced],
  ['rate(up[{{ labels.x }}])', 'is not PromQL'],
  ['{{ labels.x }}_total', misplaced],
  ['up # {{ labels.x }}', misplaced],
  ['label_replace(up, "a", "{{ labels.x }}", "b", "c")', misplaced],
  ['up{"{{ labels.x }}"="1"}', misplaced],
  ['up{"{{ labels.x }}"}', misplaced],
  ['sum by ({{ labels.x }}) (up)', misplaced],
  ['up{a="\\{{ labels.x }}"}', 'an escape that Prometheus does not know'],
  ['up{a="\\x4{{ labels.x }}"}', 'an escape that Prometheus does not know'],
  ['up{a="\\q"}', 'an escape that Prometheus does not know'],
  [`up{a='\\"'}`, 'an escape that Prometheus does not know'],
  ['up{a="{{ labels.x }}', 'is not PromQL'],
  ['label_replace(up, "a', 'is not PromQL'],
  ['"abc', 'is not closed'],
  ['up{a=~"("}', 'is no RE2 expression'],
  ['up{a=~"(?=x)"}', 'is no RE2 expression'],
  ['up{a=~"[{{ labels.x }}]"}', 'inside a character class'],
  ['up{a=~"[^]{{ labels.x }}]"}', 'inside a character class'],
  ['up{a=~"a{2{{ labels.x }}}"}', 'inside a repetition'],
  ['up{a=~"(?P<{{ labels.x }}>a)"}', 'inside the head of a group'],
  ['up{a=~"\\\\{{ labels.x }}"}', 'is no RE2 expression|inside an escape'],
  ['up{a=~"\\\\0{{ labels.x }}"}', 'inside an escape'],
  ['up{a=~"\\\\Q{{ labels.x }}"}', 'inside an escape'],
  ['up{a=~"{{ labels.x }}*"}', 'only its last character'],
  ['up{a=~"{{ labels.x }}+{{ labels.x }}"}', 'only its last character'],
  ['up{a="{{ label.x }}"}', 'unknown template root "label", did you mean "labels"?'],
  ['up ==', 'is not PromQL: unexpected text at character 6'],
  ['up{a="{{ labels.x }}"} === 1', 'is not PromQL: unexpected text at character 26'],
  ['', 'is not PromQL'],
])('%s is refused', (query, reason) => {
  expect(compilePromql(query)).toEqual({ ok: false, reason: expect.stringMatching(reason.replace(/[?()]/g, '\\$&')) })
})

test.each([
  'up{a=~"(?i){{ labels.x }}"}',
  'up{a=~"(?:{{ labels.x }})+|[a-z]+{{ labels.x }}\\\\d"}',
  'up{a=~"\\\\x41{{ labels.x }}\\\\.x{2}{{ labels.x }}"}',
])('%s is accepted', (query) => expect(compilePromql(query).ok).toBe(true))
