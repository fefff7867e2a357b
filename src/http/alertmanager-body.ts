import type { Alert, AlertStatus, Delivery, Labels, ParsedAlert } from '../domain/alert.ts'
import type { Limits } from '../domain/config.ts'
import { HttpError } from './errors.ts'

export type DeliveryLimits = Pick<Limits, 'alertsPerDeliveryMax' | 'labelsPerAlertMax' | 'labelValueBytesMax'>

/** A webhook body without the things only the request knows: source, digest. */
export type WebhookBody = Omit<Delivery, 'source' | 'digest' | 'via'>

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads an Alertmanager (or Grafana) webhook body. Unknown fields are ignored, because senders add them.
 * A wrong envelope throws HttpError 400; a wrong alert becomes a problem of its own and does not harm its neighbours.
 */
export function parseWebhookBody(json: unknown, limits: DeliveryLimits): WebhookBody {
  if (!isObject(json)) throw wrong('the body must be a JSON object')
  const { alerts } = json
  if (!Array.isArray(alerts)) throw wrong('"alerts" must be a list')
  if (alerts.length > limits.alertsPerDeliveryMax) {
    const next = 'Send smaller groups (Alertmanager: max_alerts, group_by), or raise limits.alertsPerDeliveryMax.'
    throw new HttpError(413, 'too_many_alerts', `more than ${limits.alertsPerDeliveryMax} alerts in one delivery`, next)
  }
  const groupLabels = readLabels(json.groupLabels ?? {}, limits)
  if (!groupLabels.ok) throw wrong(`"groupLabels" ${groupLabels.reason}`)
  return {
    receiver: text(json, 'receiver'),
    groupKey: text(json, 'groupKey'),
    groupLabels: groupLabels.labels,
    externalURL: text(json, 'externalURL'),
    truncatedAlerts: count(json, 'truncatedAlerts'),
    alerts: alerts.map((alert, index) => readAlert(alert, index, limits)),
  }
}

function readAlert(json: unknown, index: number, limits: DeliveryLimits): ParsedAlert {
  const fingerprint = isObject(json) ? readFingerprint(json.fingerprint) : null
  const bad = (reason: string): ParsedAlert => ({ ok: false, problem: { index, fingerprint, reason } })
  if (!isObject(json)) return bad('the alert is not an object')
  if (fingerprint === null) return bad('"fingerprint" must be 1 to 128 letters, digits, "-" or "_"')
  const { status } = json
  if (status !== 'firing' && status !== 'resolved') return bad('"status" must be "firing" or "resolved"')
  const labels = readLabels(json.labels, limits)
  if (!labels.ok) return bad(`"labels" ${labels.reason}`)
  const annotations = readLabels(json.annotations ?? {}, limits)
  if (!annotations.ok) return bad(`"annotations" ${annotations.reason}`)
  const times = readTimes(json, status)
  if (!times.ok) return bad(times.reason)
  const generatorURL = typeof json.generatorURL === 'string' ? json.generatorURL : ''
  if (Buffer.byteLength(generatorURL) > limits.labelValueBytesMax) return bad('"generatorURL" is too long')
  const alert: Alert = {
    fingerprint,
    status,
    labels: labels.labels,
    annotations: annotations.labels,
    startsAt: times.startsAt,
    endsAt: times.endsAt,
    generatorURL,
  }
  return { ok: true, alert }
}

type Times =
  | { readonly ok: true; readonly startsAt: number; readonly endsAt: number | null }
  | { readonly ok: false; readonly reason: string }

function readTimes(json: Fields, status: AlertStatus): Times {
  const startsAt = readTime(json.startsAt)
  if (startsAt === null) return { ok: false, reason: '"startsAt" must be an RFC 3339 time' }
  if (status === 'firing' || json.endsAt === undefined) return { ok: true, startsAt, endsAt: null }
  const endsAt = readTime(json.endsAt)
  if (endsAt === null) return { ok: false, reason: '"endsAt" must be an RFC 3339 time' }
  return { ok: true, startsAt, endsAt: endsAt > 0 ? endsAt : null }
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/

function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !rfc3339.test(value)) return null
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : at
}

type LabelReading = { readonly ok: true; readonly labels: Labels } | { readonly ok: false; readonly reason: string }

function readLabels(json: unknown, limits: DeliveryLimits): LabelReading {
  if (!isObject(json)) return { ok: false, reason: 'must be an object of strings' }
  const entries = Object.entries(json)
  if (entries.length > limits.labelsPerAlertMax) {
    return { ok: false, reason: `has more than ${limits.labelsPerAlertMax} entries` }
  }
  const labels: Record<string, string> = Object.create(null)
  for (const [name, value] of entries) {
    if (typeof value !== 'string') return { ok: false, reason: 'must be an object of strings' }
    if (Buffer.byteLength(value) > limits.labelValueBytesMax || Buffer.byteLength(name) > 1024) {
      return { ok: false, reason: `has an entry longer than ${limits.labelValueBytesMax} bytes` }
    }
    if (!value.isWellFormed() || !name.isWellFormed()) return { ok: false, reason: 'is not well-formed Unicode' }
    labels[name] = value
  }
  return { ok: true, labels }
}

function readFingerprint(value: unknown): string | null {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value) ? value : null
}

function text(json: Fields, key: string): string {
  const value = json[key] ?? ''
  if (typeof value !== 'string' || value.length > 65_536) throw wrong(`"${key}" must be a string`)
  return value.toWellFormed()
}

function count(json: Fields, key: string): number {
  const value = json[key] ?? 0
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw wrong(`"${key}" must be a count`)
  return value
}

function wrong(message: string): HttpError {
  const next = 'Send the default webhook body of Alertmanager (version 4), without a custom payload template.'
  return new HttpError(400, 'invalid_body', message, next)
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
