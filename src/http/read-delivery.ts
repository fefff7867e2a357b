import type { Delivery } from '../domain/alert.ts'
import { type DeliveryLimits, parseDelivery } from '../domain/delivery.ts'
import { sha256 } from '../engine/digest.ts'
import { parseJson } from './body.ts'
import { HttpError } from './errors.ts'

/** Brackets that an alert may open; one opens three. */
const bracketsPerAlertMax = 20

/**
 * Refuses a large body that is a swarm of tiny values before they are made: each takes a multiple of its bytes in memory.
 * Throws HttpError 413.
 */
export function refuseSwarm(raw: Uint8Array, { alertsPerDeliveryMax }: DeliveryLimits): void {
  const bracketsMax = bracketsPerAlertMax * alertsPerDeliveryMax
  let brackets = 0
  for (let at = 0; at < raw.length; at += 1) if (raw[at] === openingBrace || raw[at] === openingBracket) brackets += 1
  if (brackets <= bracketsMax) return
  const next = 'Send smaller groups (Alertmanager: max_alerts, group_by).'
  throw new HttpError(413, 'too_complex', `the body opens ${brackets} brackets, at most ${bracketsMax} are read`, next)
}

const openingBrace = 0x7b
const openingBracket = 0x5b

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
