import type { Delivery } from '../domain/alert.ts'
import { type DeliveryLimits, parseDelivery } from '../domain/delivery.ts'
import { sha256 } from '../engine/digest.ts'
import { parseJson } from './body.ts'
import { HttpError } from './errors.ts'

/** Reads a webhook body whose source is still to be chosen. Throws HttpError 400, or 413 for too many alerts. */
export function readDelivery(raw: Uint8Array, limits: DeliveryLimits): Delivery {
  const reading = parseDelivery(parseJson(raw), { source: '', digest: sha256(raw), limits })
  if (reading.ok) return reading.delivery
  if (reading.code === 'too_many_alerts') {
    const next =
      'Send smaller groups (Alertmanager: max_alerts, group_by), or raise limits.alertsPerDelivery in hepar.yaml.'
    throw new HttpError(413, reading.code, reading.reason, next)
  }
  throw new HttpError(400, 'invalid_body', reading.reason, 'Send the default webhook body of Alertmanager, version 4.')
}
