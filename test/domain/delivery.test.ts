import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import { parseDelivery } from '../../src/domain/delivery.ts'

const folder = new URL('../fixtures/alertmanager/', import.meta.url)
const context = { source: 'main', digest: 'd'.repeat(64), limits: defaultLimits }

function fixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
}

function alert(over: Record<string, unknown> = {}) {
  return {
    status: 'firing',
    labels: { alertname: 'Down', instance: 'i1' },
    annotations: {},
    startsAt: '2026-11-22T03:18:51.632Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: '75dacf5140ff38f8',
    ...over,
  }
}

function delivery(alerts: unknown, over: Record<string, unknown> = {}) {
  return { version: '4', receiver: 'hepar', status: 'firing', groupKey: '{}:{}', groupLabels: {}, alerts, ...over }
}

function parsed(json: unknown) {
  const reading = parseDelivery(json, context)
  if (!reading.ok) throw new Error(reading.reason)
  return reading.delivery
}

function problemOf(over: Record<string, unknown>): string | null {
  const [first] = parsed(delivery([alert(over)])).alerts
  return first && !first.ok ? first.problem.reason : null
}

test.each(readdirSync(folder))('%s, as Alertmanager sent it, keeps every alert, label and time', (name) => {
  const json = fixture(name) as { alerts: Record<string, string>[]; groupLabels: object; groupKey: string }
  const { alerts, groupLabels, groupKey } = parsed(json)
  expect(groupKey).toBe(json.groupKey)
  expect({ ...groupLabels }).toEqual(json.groupLabels)
  expect(alerts).toHaveLength(json.alerts.length)
  for (const [index, element] of alerts.entries()) {
    const sent = json.alerts[index]!
    if (!element.ok) throw new Error(element.problem.reason)
    expect(element.alert).toMatchObject({ fingerprint: sent.fingerprint, status: sent.status })
    expect({ ...element.alert.labels }).toEqual(sent.labels)
    expect(element.alert.startsAt).toBe(Date.parse(sent.startsAt!))
    expect(element.alert.endsAt).toBe(sent.status === 'firing' ? null : Date.parse(sent.endsAt!))
  }
})

test('truncated alerts are counted', () => {
  expect(parsed(fixture('amtool-truncated.json')).truncatedAlerts).toBe(3)
})

test("Grafana's variant reads: version 1, offsets in times, fields of its own", () => {
  const element = alert({
    startsAt: '2021-10-12T09:51:03.157076+02:00',
    silenceURL: 'x',
    valueString: '[]',
    values: { B: 1 },
  })
  const { alerts } = parsed(delivery([element], { version: '1', orgId: 1, title: '[FIRING:1]', state: 'alerting' }))
  expect(alerts[0]).toMatchObject({ ok: true, alert: { startsAt: Date.UTC(2021, 9, 12, 7, 51, 3, 157), endsAt: null } })
})

test('version 1 with no readable alert is not from Grafana', () => {
  const reading = parseDelivery(delivery([{ state: 'alerting' }], { version: '1' }), context)
  expect(reading).toMatchObject({ ok: false, code: 'invalid' })
})

test('48 good and 2 bad alerts keep 48 and name 2', () => {
  const elements: unknown[] = Array.from({ length: 50 }, (_, index) => alert({ fingerprint: `f${index}` }))
  elements[7] = 'nonsense'
  elements[31] = alert({ fingerprint: 'f31', labels: { alertname: 5 } })
  const { alerts } = parsed(delivery(elements))
  expect(alerts.filter(({ ok }) => ok)).toHaveLength(48)
  expect(alerts[7]).toEqual({
    ok: false,
    problem: { index: 7, fingerprint: null, reason: 'the alert must be an object' },
  })
  const reason = '"labels" entry "alertname" must be text'
  expect(alerts[31]).toEqual({ ok: false, problem: { index: 31, fingerprint: 'f31', reason } })
})

test('__proto__ is a label like any other and changes no prototype', () => {
  const json = JSON.parse(
    JSON.stringify(delivery([alert()])).replace('"instance":"i1"', '"__proto__":"x","constructor":"y"'),
  )
  const [first] = parsed(json).alerts
  if (!first?.ok) throw new Error('not parsed')
  const { labels } = first.alert
  expect(Object.getPrototypeOf(labels)).toBeNull()
  expect(Object.keys(labels)).toEqual(['alertname', '__proto__', 'constructor'])
  expect(Object.getOwnPropertyDescriptor(labels, '__proto__')?.value).toBe('x')
  expect(labels.toString).toBeUndefined()
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

test.each([
  ['NUL in a label', { labels: { a: 'x\u0000y' } }, '"labels" entry "a" contains NUL'],
  ['NUL in a label name', { labels: { 'a\u0000': 'x' } }, '"labels" entry "a\\u0000" contains NUL'],
  ['a lone surrogate', { labels: { a: '\ud800' } }, '"labels" entry "a" is not well-formed Unicode'],
  ['NUL in an annotation', { annotations: { a: '\u0000' } }, '"annotations" entry "a" contains NUL'],
  ['labels that are a list', { labels: [] }, '"labels" must be a map of texts'],
  ['no labels', { labels: undefined }, '"labels" must be a map of texts'],
  ['a null label', { labels: { a: null } }, '"labels" entry "a" must be text'],
  ['an unknown status', { status: 'pending' }, '"status" must be "firing" or "resolved"'],
  ['a fingerprint with a space', { fingerprint: 'a b' }, '"fingerprint" must be 1 to 64 printable ASCII characters'],
  ['an empty fingerprint', { fingerprint: '' }, '"fingerprint" must be 1 to 64 printable ASCII characters'],
  ['a long fingerprint', { fingerprint: 'f'.repeat(65) }, '"fingerprint" must be 1 to 64 printable ASCII characters'],
  ['a start in the year 1', { startsAt: '0001-01-01T00:00:00Z' }, '"startsAt" must be a time as in RFC 3339'],
  ['a start that is a number', { startsAt: 1700000000 }, '"startsAt" must be a time as in RFC 3339'],
  ['a loose end', { endsAt: 'tomorrow' }, '"endsAt" must be a time as in RFC 3339'],
  ['a URL that is a number', { generatorURL: 5 }, '"generatorURL" must be text'],
  ['a label too large', { labels: { a: 'é'.repeat(40_000) } }, '"labels" entry "a" is longer than 65536 bytes'],
])('an alert with %s is rejected alone', (_, over, reason) => expect(problemOf(over)).toBe(reason))

test('limits are met exactly', () => {
  const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, 'x']))
  expect(problemOf({ labels: labels(128) })).toBeNull()
  expect(problemOf({ labels: labels(129) })).toBe('"labels" has more than 128 entries')
  expect(problemOf({ labels: { a: 'x'.repeat(65_536) } })).toBeNull()
  expect(problemOf({ labels: { a: 'x'.repeat(65_537) } })).toBe('"labels" entry "a" is longer than 65536 bytes')
})

test.each([
  ['null', null],
  ['a list', []],
  ['a text', 'x'],
  ['no version', delivery([], { version: undefined })],
  ['version 4 as a number', delivery([], { version: 4 })],
  ['version 3', delivery([], { version: '3' })],
  ['no alerts', delivery(undefined)],
  ['alerts as a map', delivery({})],
  ['a receiver that is a number', delivery([], { receiver: 5 })],
  ['NUL in the group key', delivery([], { groupKey: '\u0000' })],
  ['group labels that are a text', delivery([], { groupLabels: 'x' })],
  ['a negative count', delivery([], { truncatedAlerts: -1 })],
])('%s is no delivery', (_, json) => {
  expect(parseDelivery(json, context)).toMatchObject({ ok: false, code: 'invalid', reason: expect.any(String) })
})

test('more alerts than the limit are refused with a code of their own', () => {
  const limits = { ...defaultLimits, alertsPerDeliveryMax: 2 }
  const reading = parseDelivery(delivery([alert(), alert(), alert()]), { ...context, limits })
  expect(reading).toMatchObject({ ok: false, code: 'too_many_alerts' })
})

test('10,000 alerts read in less than a second of processor time', () => {
  const json = delivery(Array.from({ length: 10_000 }, (_, index) => alert({ fingerprint: `f${index}` })))
  const begun = process.cpuUsage()
  expect(parsed(json).alerts).toHaveLength(10_000)
  expect(process.cpuUsage(begun).user).toBeLessThan(1_000_000)
})
