import type { AlertRecord } from '../domain/alert.ts'

/** The alert whose labels fill the templates: the one that fires longest, so that every assessment picks the same. */
export function leadingAlert(alerts: readonly AlertRecord[]): AlertRecord | null {
  const order = (a: AlertRecord, b: AlertRecord) =>
    a.startsAt - b.startsAt || a.fingerprint.localeCompare(b.fingerprint)
  const firing = alerts.filter(({ status }) => status === 'firing').sort(order)
  return firing[0] ?? [...alerts].sort(order)[0] ?? null
}

/** A manual heal has no labels to fill templates with. */
export const noAlert: Pick<AlertRecord, 'labels' | 'annotations'> = { labels: {}, annotations: {} }
