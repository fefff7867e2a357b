import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileUrl } from '../../src/adapters/rules/probes.ts'
import type { Config } from '../../src/domain/config.ts'
import { resolveHost } from '../../src/domain/host.ts'
import type { Step } from '../../src/domain/playbook.ts'
import { parseTarget } from '../../src/domain/target.ts'
import { compileTemplate, type Template } from '../../src/domain/template.ts'
import { renderParams, renderProbe, renderTarget, scopeOf } from '../../src/engine/match/render.ts'

const host = { socket: null, url: null, tls: null }
const config = {
  docker: {
    hostLabel: 'instance',
    hosts: [
      { name: 'local', ...host, labelValues: [] },
      { name: 'h7', ...host, labelValues: ['h7:9323', '10.0.0.7'] },
    ],
  },
} as unknown as Pick<Config, 'docker'>

function template(text: string): Template {
  const reading = compileTemplate(text)
  if (!reading.ok) throw new Error(reading.reason)
  return reading.template
}

function target(text: string, labels: Record<string, string>) {
  return renderTarget({ target: template(text) }, { labels, annotations: {} }, config)
}

const byLabels = 'container/{{ labels.host }}/{{ labels.name }}'

test('a target is rendered from labels', () => {
  expect(target(byLabels, { host: 'local', name: 'web' })).toEqual({ ok: true, target: 'container/local/web' })
})

test('a place that is a known label value becomes the name of its host', () => {
  expect(target(byLabels, { host: '10.0.0.7', name: 'web' })).toEqual({ ok: true, target: 'container/h7/web' })
  const mapped = target('container/{{ host }}/{{ labels.name }}', { instance: 'h7:9323', name: 'web' })
  expect(mapped).toEqual({ ok: true, target: 'container/h7/web' })
})

test('an unknown place stays as it is and is never guessed', () => {
  expect(target(byLabels, { host: 'h70', name: 'web' })).toEqual({ ok: true, target: 'container/h70/web' })
  expect(resolveHost(config, { instance: 'h7' })).toEqual({ ok: true, host: 'h7' })
  expect(resolveHost(config, { instance: 'h7:9999' })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('h7:9999'),
  })
  expect(resolveHost(config, {})).toMatchObject({ ok: false, reason: expect.stringContaining('"instance"') })
  expect(resolveHost(config, { instance: '' }).ok).toBe(false)
})

test.each([
  [{ host: 'local' }, 'label "name" is missing'],
  [{ host: '', name: 'web' }, 'label "host" is empty'],
  [{ host: 'local/other', name: 'web' }, 'label "host" contains a slash'],
  [{ host: 'local', name: 'a/b' }, 'label "name" contains a slash'],
  [{ host: 'local', name: 'a\nb' }, 'label "name" contains control characters'],
  [{ host: 'local', name: 'x'.repeat(600) }, 'target is longer than 512 characters'],
])('labels %j give no target', (labels, reason) => {
  expect(target(byLabels, labels as Record<string, string>)).toEqual({ ok: false, reason })
})

test('only the root of a path may bring slashes of its own', () => {
  const path = 'path/{{ labels.host }}/{{ labels.root }}'
  expect(target(path, { host: 'h7', root: '/var/tmp' })).toEqual({ ok: true, target: 'path/h7/var/tmp' })
  expect(target(path, { host: 'h7/etc', root: 'x' })).toEqual({ ok: false, reason: 'label "host" contains a slash' })
})

test('whatever labels say, a rendered target has the kind and the number of parts of its template', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(value, value, (place, name) => {
      const rendered = target(byLabels, { host: place, name })
      if (!rendered.ok) return
      expect(parseTarget(rendered.target)).toEqual({ ok: true, target: { kind: 'container', place, name } })
    }),
  )
})

test('parameters keep their shape; templates in them become text', () => {
  const step: Extract<Step, { kind: 'action' }> = {
    kind: 'action',
    action: 'x',
    timeoutMs: 1,
    holdMs: null,
    on: { ineffective: 'next', failed: 'next', unknown: 'escalate' },
    with: {
      kind: 'map',
      entries: [
        ['grace', { kind: 'literal', value: '10s' }],
        ['names', { kind: 'list', items: [{ kind: 'template', template: template('{{ labels.name }}-x') }] }],
      ],
    },
  }
  const scope = scopeOf({ labels: { name: '"; rm -rf /' }, annotations: {} }, config)
  expect(renderParams(step, scope)).toEqual({ ok: true, params: { grace: '10s', names: ['"; rm -rf /-x'] } })
  const without = scopeOf({ labels: {}, annotations: {} }, config)
  expect(renderParams(step, without)).toEqual({ ok: false, reason: 'label "name" is missing' })
})

function url(text: string, labels: Record<string, string>) {
  const reading = compileUrl(text)
  if (!reading.ok) return reading
  const probe = { kind: 'http', url: reading.template, status: 200, timeoutMs: 5000 } as const
  return renderProbe(probe, scopeOf({ labels, annotations: {} }, config))
}

test('a URL takes values into its path and query', () => {
  expect(url('https://web:8443/{{ labels.x }}/health?q={{ labels.x }}', { x: 'a/b?c=d&e#f' })).toMatchObject({
    probe: { url: 'https://web:8443/a%2Fb%3Fc%3Dd%26e%23f/health?q=a%2Fb%3Fc%3Dd%26e%23f', status: 200 },
  })
})

test.each(['.', '..'])('a URL refuses to climb by %s', (x) => {
  expect(url('http://web/{{ labels.x }}/health', { x })).toMatchObject({ ok: false })
  expect(url('http://web/.{{ labels.x }}/health', { x: '.' })).toMatchObject({ ok: false })
})

test.each([
  '{{ labels.x }}',
  '{{ labels.x }}://web/',
  'http://{{ labels.x }}/',
  'http://web{{ labels.x }}/',
  'http://web:{{ labels.x }}/',
  'http://web{{ labels.x }}',
  'http://web\\{{ labels.x }}/',
  'http://user:pass@web/{{ labels.x }}',
  'http://user@web/',
  'ftp://web/',
  'http:/web',
  'http://web/a b',
  'http://web/../{{ labels.x }}',
  'http://[bad/',
])('%s is no URL for a probe', (text) => expect(compileUrl(text).ok).toBe(false))

test.each(['http://web', 'http://web:80/x', 'HTTP://[::1]:80/?{{ labels.x }}', 'http://web/#{{ labels.x }}'])(
  '%s is a URL for a probe',
  (text) => expect(compileUrl(text).ok).toBe(true),
)
