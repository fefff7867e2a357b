import type { Alertmanager } from './alertmanager.ts'
import { waitFor } from './wait.ts'

/** Makes an alert fire in an Alertmanager that tells nobody, and returns the body with which it would tell of it. */
export async function fireIn(alertmanager: Alertmanager, labels: Readonly<Record<string, string>>): Promise<unknown> {
  const startsAt = new Date(Date.now() - 1).toISOString()
  await alertmanager.post([{ labels, startsAt, endsAt: new Date(Date.now() + 600_000).toISOString() }])
  const same = JSON.stringify(Object.entries(labels).sort())
  const known = await waitFor(
    async () =>
      (await alertmanager.alerts()).find((alert) => JSON.stringify(Object.entries(alert.labels).sort()) === same),
    { what: 'Alertmanager knows it', deadlineMs: 60_000 },
  )
  const { fingerprint } = known
  const firing = { status: 'firing', labels, annotations: {}, startsAt: known.startsAt, endsAt: '0001-01-01T00:00:00Z' }
  return {
    version: '4',
    receiver: 'hepar',
    groupKey: '{}',
    groupLabels: {},
    externalURL: alertmanager.url,
    truncatedAlerts: 0,
    status: 'firing',
    alerts: [{ ...firing, generatorURL: '', fingerprint }],
  }
}
