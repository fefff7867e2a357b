import fc from 'fast-check'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import type { HttpError } from '../../src/http/errors.ts'
import { createLargeDeliveries } from '../../src/http/large-deliveries.ts'
import { readDelivery } from '../../src/http/read-delivery.ts'

const large = createLargeDeliveries()
afterAll(() => large.close())

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('__proto__', 'alertname', 'ü', '\ud800'),
)
const labels = fc.oneof(
  fc.array(fc.tuple(text, fc.oneof(text, fc.integer()))).map((entries) => {
    return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`
  }),
  fc.constant('[]'),
)
const alert = fc
  .record({ labels, annotations: labels, status: fc.constantFrom('firing', 'resolved', 'odd'), fingerprint: text })
  .map(({ status, fingerprint, ...maps }) => {
    const plain = JSON.stringify({ status, fingerprint, startsAt: '2026-01-01T00:00:00Z', generatorURL: fingerprint })
    return `${plain.slice(0, -1)},"labels":${maps.labels},"annotations":${maps.annotations}}`
  })
const body = fc
  .record({ alerts: fc.array(alert, { maxLength: 600 }), groupLabels: labels, end: fc.constantFrom('', '', '', '}') })
  .map(({ alerts, groupLabels, end }) =>
    Buffer.from(`{"version":"4","receiver":"r","groupLabels":${groupLabels},"alerts":[${alerts.join()}]}${end}`),
  )

async function outcome(read: () => unknown): Promise<unknown> {
  try {
    return { delivery: await read() }
  } catch (error) {
    const { status, code, message, next } = error as HttpError
    return { status, code, message, next }
  }
}

test('a body read by the other thread is what it would have been on this one, refusals included', async () => {
  const kinds = new Set<string>()
  await fc.assert(
    fc.asyncProperty(body, async (raw) => {
      const here = await outcome(() => readDelivery(raw, defaultLimits))
      const there = await outcome(() => large.read(Buffer.copyBytesFrom(raw), defaultLimits))
      expect(there).toEqual(here)
      kinds.add(Object.keys(here as object).join())
    }),
    { numRuns: 150 },
  )
  // A property that has seen only one kind of body proves half.
  expect(kinds.size).toBe(2)
})

test('label maps that came from the other thread have no prototype', async () => {
  const element = '{"status":"firing","fingerprint":"f","startsAt":"2026-01-01T00:00:00Z","labels":{"__proto__":"a"}}'
  const raw = Buffer.from(`{"version":"4","groupLabels":{"constructor":"b"},"alerts":[${element}]}`)
  const { alerts, groupLabels } = await large.read(Buffer.copyBytesFrom(raw), defaultLimits)
  const [first] = alerts
  const maps = first?.ok ? [first.alert.labels, first.alert.annotations, groupLabels] : []
  expect(maps.map((map) => Object.getPrototypeOf(map))).toEqual([null, null, null])
  expect(maps.map((map) => Object.entries(map))).toEqual([[['__proto__', 'a']], [], [['constructor', 'b']]])
})

test('a body that is a swarm of tiny values is refused before they are made', async () => {
  const raw = Buffer.from(`{"version":"4","alerts":[${'[],'.repeat(40)}[]]}`)
  const limits = { ...defaultLimits, alertsPerDeliveryMax: 2 }
  const refused = await outcome(() => large.read(raw, limits))
  expect(refused).toMatchObject({ status: 413, code: 'too_complex' })
})

/** Counts characters, because milliseconds depend on who else is at work on the machine. */
function watchParsing() {
  const parse = JSON.parse
  const seen = { inAll: 0, mostInATurn: 0 }
  let inThisTurn = 0
  JSON.parse = (text, reviver) => {
    inThisTurn += text.length
    seen.inAll += text.length
    seen.mostInATurn = Math.max(seen.mostInATurn, inThisTurn)
    return parse(text, reviver)
  }
  const turn = () => {
    inThisTurn = 0
    turning = setImmediate(turn)
  }
  let turning = setImmediate(turn)
  onTestFinished(() => {
    clearImmediate(turning)
    JSON.parse = parse
  })
  return seen
}

test('while a large body is read the event loop is free', async () => {
  const element = '{"status":"firing","fingerprint":"f","startsAt":"2026-01-01T00:00:00Z","labels":{"a":"b"}},'
  const raw = Buffer.from(`{"version":"4","alerts":[${element.repeat(50_000).slice(0, -1)}]}`)
  const { length } = raw
  const limits = { ...defaultLimits, alertsPerDeliveryMax: 50_000 }
  const parsed = watchParsing()
  const { alerts } = await large.read(raw, limits)
  expect(alerts).toHaveLength(50_000)
  // Unpacking what the other thread has read is all that this one does, in small parts and between other work.
  expect(parsed.mostInATurn).toBeLessThan(length / 10)
  expect(parsed.inAll).toBeGreaterThan(length / 2)
})

test('what was being read when the reader closes is not answered as read', async () => {
  const closing = createLargeDeliveries()
  const reading = closing.read(Buffer.from('{"version":"4","alerts":[]}'.padEnd(9_000_000)), defaultLimits)
  const outcomeOf = reading.then(
    () => 'read',
    () => 'refused',
  )
  await closing.close()
  expect(await outcomeOf).toBe('refused')
  expect((await closing.read(Buffer.from('{"version":"4","alerts":[]}'.padEnd(9_000)), defaultLimits)).alerts).toEqual(
    [],
  )
  await closing.close()
})
