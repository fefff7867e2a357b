import { expect, test } from 'vitest'
import { toldAlerts } from '../../src/engine/tell/told-alerts.ts'
import { someRecord } from '../kit/records.ts'

const many = (count: number, more: (index: number) => Record<string, string>) =>
  Array.from({ length: count }, (_, index) => someRecord({ fingerprint: `f${index}`, labels: more(index) }))

test('of thousands of alerts a message names a few, says how many more there are, and keeps the highest severity', () => {
  const alerts = many(10_000, (index) => ({ id: `${index}`, severity: index === 9_999 ? 'critical' : 'info' }))
  const told = toldAlerts(alerts)
  expect(told).toMatchObject({ moreAlerts: 9_980, severities: ['info', 'critical'] })
  expect(told.alerts).toHaveLength(20)
})

test('of few alerts nothing is left out', () => {
  expect(toldAlerts(many(2, () => ({ severity: 'info' })))).toEqual({
    alerts: [expect.objectContaining({ fingerprint: 'f0' }), expect.objectContaining({ fingerprint: 'f1' })],
    severities: ['info'],
  })
})

test('however long the values and however many the severities, the message stays of a size that can be sent', () => {
  const alerts = many(1_000, (index) => ({ severity: `${index}`.padEnd(50, 'x'), text: 'x'.repeat(50_000) }))
  expect(JSON.stringify(toldAlerts(alerts)).length).toBeLessThan(40_000)
})
