import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fingerprintOf, freshDelivery } from '../../src/demo/delivery.ts'

const captures = join(import.meta.dirname, '../fixtures/alertmanager')
type Body = { readonly alerts: readonly { readonly labels: Record<string, string>; readonly fingerprint: string }[] }

test('fingerprints are those that Alertmanager gave to the labels of every recorded alert', () => {
  const bodies = readdirSync(captures).map((file) => JSON.parse(readFileSync(join(captures, file), 'utf8')) as Body)
  const alerts = bodies.flatMap(({ alerts }) => alerts)
  expect(alerts.length).toBeGreaterThan(5)
  expect(alerts.map(({ labels }) => fingerprintOf(labels))).toEqual(alerts.map(({ fingerprint }) => fingerprint))
})

test('a recorded request gets fresh times and other labels, and keeps the rest', () => {
  const startsAt = new Date('2031-02-03T04:05:06.789Z')
  const { headers, body } = freshDelivery({ path: '/x', alertname: 'Full' }, 'too full', startsAt)
  expect(headers).toEqual({ 'user-agent': 'Alertmanager/0.25.0', 'content-type': 'application/json' })
  expect(body).toMatchObject({
    version: '4',
    status: 'firing',
    receiver: 'hepar',
    groupKey: '{}:{alertname="Full"}',
    commonLabels: { alertname: 'Full', path: '/x' },
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'Full', path: '/x' },
        annotations: { summary: 'too full' },
        startsAt: '2031-02-03T04:05:06.789Z',
        endsAt: '0001-01-01T00:00:00Z',
        fingerprint: fingerprintOf({ alertname: 'Full', path: '/x' }),
      },
    ],
  })
})
