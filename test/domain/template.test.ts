import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileTemplate, renderTemplate, type TemplateScope } from '../../src/domain/template.ts'

function scope(labels: Record<string, string>, host?: string): TemplateScope {
  const map = Object.assign(Object.create(null), labels)
  const mapped = host === undefined ? { ok: false as const, reason: 'no host' } : { ok: true as const, host }
  return { labels: map, annotations: map, host: mapped }
}

function render(text: string, labels: Record<string, string>, host?: string) {
  const reading = compileTemplate(text)
  if (!reading.ok) throw new Error(reading.reason)
  return renderTemplate(reading.template, scope(labels, host))
}

test('labels, annotations and the host are substituted', () => {
  const text = 'a {{ labels.x }}{{labels["x-y"]}} {{ annotations[\'z}}\'] }} {{ host }} }} b'
  const labels = { x: '1', 'x-y': '2', 'z}}': '3' }
  expect(render(text, labels, 'h7')).toEqual({ ok: true, text: 'a 12 3 h7 }} b' })
})

test('a value is never read as a template again', () => {
  expect(render('{{ labels.x }}', { x: '{{ labels.x }}' })).toEqual({ ok: true, text: '{{ labels.x }}' })
})

test('a missing or empty value is an error, never an empty string', () => {
  expect(render('{{ labels.x }}', {})).toEqual({ ok: false, reason: 'label "x" is missing' })
  expect(render('{{ annotations.x }}', { x: '' })).toEqual({ ok: false, reason: 'annotation "x" is empty' })
  expect(render('{{ host }}', {})).toEqual({ ok: false, reason: 'no host' })
})

test('only own properties are looked up', () => {
  const inherited: TemplateScope = { labels: {}, annotations: {}, host: { ok: false, reason: '' } }
  for (const name of ['constructor', '__proto__', 'toString']) {
    const reading = compileTemplate(`{{ labels.${name} }}`)
    if (!reading.ok) throw new Error(reading.reason)
    expect(renderTemplate(reading.template, inherited)).toEqual({ ok: false, reason: `label "${name}" is missing` })
  }
  expect(render('{{ labels.__proto__ }}', { ['__proto__']: 'x' })).toEqual({ ok: true, text: 'x' })
})

test.each([
  ['{{ labels.x', 'malformed placeholder at character 1'],
  ['a {{ labels.x | lower }}', 'malformed placeholder at character 3'],
  ['{{ labels.x-y }}', 'malformed placeholder at character 1'],
  ['{{{ labels.x }}}', 'malformed placeholder at character 1'],
  ['{{ }}', 'malformed placeholder at character 1'],
  ['{{ labels }}', 'malformed placeholder: labels needs a name'],
  ['{{ host.x }}', 'malformed placeholder: {{ host }} takes no name'],
  ['{{ label.x }}', 'unknown template root "label", did you mean "labels"?'],
  ['{{ constructor.x }}', 'unknown template root "constructor"'],
])('%j is refused', (text, reason) => {
  expect(compileTemplate(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) })
})

test('in a URL any value stays one part of the path or query', () => {
  const reading = compileTemplate('http://web:80/a/{{ labels.x }}/b?q={{ labels.x }}', 'url')
  if (!reading.ok) throw new Error(reading.reason)
  const printable = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
  fc.assert(
    fc.property(printable, (x) => {
      if (x === '.' || x === '..') return
      const rendering = renderTemplate(reading.template, scope({ x }))
      if (!rendering.ok) throw new Error(rendering.reason)
      const url = new URL(rendering.text)
      expect([url.host, url.hash]).toEqual(['web', ''])
      const [, a, part, b, ...rest] = url.pathname.split('/')
      expect([a, decodeURIComponent(part!), b, rest]).toEqual(['a', x, 'b', []])
      expect([...url.searchParams]).toEqual([['q', x]])
    }),
  )
})

test.each(['a\nb', 'a\u0000', '\u007f', '\u0085', '\u2028'])('control characters cannot enter a URL: %j', (x) => {
  const reading = compileTemplate('http://web/{{ labels.x }}', 'url')
  if (!reading.ok) throw new Error(reading.reason)
  const reason = 'label "x" contains control characters'
  expect(renderTemplate(reading.template, scope({ x }))).toEqual({ ok: false, reason })
})

test('a lone surrogate is refused', () => {
  expect(render('{{ labels.x }}', { x: '\udc00' })).toEqual({
    ok: false,
    reason: 'label "x" is not well-formed Unicode',
  })
})
