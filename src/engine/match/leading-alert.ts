import type { AlertRecord } from '../../domain/alert.ts'

/** The alert whose labels fill the templates: the one that fires longest, so that every assessment picks the same. */
export function leadingAlert(alerts: readonly AlertRecord[]): AlertRecord | null {
  let leading: AlertRecord | null = null
  // One target may have thousands of alerts, so they are not sorted for the sake of the first.
  for (const alert of alerts) if (leading === null || comesBefore(alert, leading)) leading = alert
  return leading
}

function comesBefore(a: AlertRecord, b: AlertRecord): boolean {
  if (a.status !== b.status) return a.status === 'firing'
  return a.startsAt === b.startsAt ? a.fingerprint < b.fingerprint : a.startsAt < b.startsAt
}

/** A manual heal has no labels to fill templates with. */
export const noAlert: Pick<AlertRecord, 'labels' | 'annotations'> = { labels: {}, annotations: {} }
