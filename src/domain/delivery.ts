import { type Alert, asLabels, type Delivery, type Labels, type ParsedAlert } from './alert.ts'
import type { Limits } from './config.ts'
import { parseTimestampMs } from './timestamp.ts'

export type DeliveryLimits = Pick<Limits, 'alertsPerDeliveryMax' | 'labelsPerAlertMax' | 'labelValueBytesMax'>

export interface DeliveryContext {
  readonly source: string
  /** SHA-256 of the raw body, hex. */
  readonly digest: string
  readonly limits: DeliveryLimits
}

export type DeliveryReading =
  | { readonly ok: true; readonly delivery: Delivery }
  | { readonly ok: false; readonly code: 'invalid' | 'too_many_alerts'; readonly reason: string }

type Fields = Readonly<Record<string, unknown>>
type Refusal = { readonly ok: false; readonly reason: string }

const fingerprintShape = /^[\x21-\x7e]{1,64}$/
const nameBytesMax = 1024

/**
 * Reads the body of a webhook as Alertmanager (version "4") and Grafana (version "1") send it. Unknown fields are ignored,
 * because senders add them. Its label maps become those of the delivery. A wrong envelope is refused whole; a wrong alert becomes a problem beside its good neighbours.
 */
export function parseDelivery(json: unknown, { source, digest, limits }: DeliveryContext): DeliveryReading {
  if (!isFields(json)) return invalid('the body must be a JSON object')
  const { version, alerts: elements } = json
  if (version !== '4' && version !== '1') {
    return invalid(
      '"version" must be "4" (Alertmanager) or "1" (Grafana): send the default body, without a custom payload',
    )
  }
  if (!Array.isArray(elements)) return invalid('"alerts" must be a list')
  if (elements.length > limits.alertsPerDeliveryMax) {
    const reason = `${elements.length} alerts in one delivery, at most ${limits.alertsPerDeliveryMax} are taken`
    return { ok: false, code: 'too_many_alerts', reason }
  }
  const envelope = parseEnvelope(json, limits)
  if (!envelope.ok) return invalid(envelope.reason)
  const alerts = elements.map((element, index) => parseElement(element, index, limits))
  if (version === '1' && alerts.length > 0 && !alerts.some(({ ok }) => ok)) {
    return invalid('"version" is "1", but no alert reads as one of Grafana')
  }
  return { ok: true, delivery: { source, ...envelope.fields, alerts, digest, via: 'webhook' } }
}

function invalid(reason: string): DeliveryReading {
  return { ok: false, code: 'invalid', reason }
}

type Envelope = Pick<Delivery, 'receiver' | 'groupKey' | 'externalURL' | 'groupLabels' | 'truncatedAlerts'>

function parseEnvelope(json: Fields, limits: DeliveryLimits): { ok: true; fields: Envelope } | Refusal {
  for (const key of ['receiver', 'groupKey', 'externalURL'] as const) {
    const problem = textProblem(json[key] ?? '', limits.labelValueBytesMax)
    if (problem) return { ok: false, reason: `"${key}" ${problem}` }
  }
  const groupLabels = parseLabels(json.groupLabels ?? {}, limits)
  if (!groupLabels.ok) return { ok: false, reason: `"groupLabels" ${groupLabels.reason}` }
  const truncatedAlerts = json.truncatedAlerts ?? 0
  if (!isCount(truncatedAlerts)) return { ok: false, reason: '"truncatedAlerts" must be a count' }
  const fields = {
    receiver: String(json.receiver ?? ''),
    groupKey: String(json.groupKey ?? ''),
    externalURL: String(json.externalURL ?? ''),
    groupLabels: groupLabels.labels,
    truncatedAlerts,
  }
  return { ok: true, fields }
}

function parseElement(element: unknown, index: number, limits: DeliveryLimits): ParsedAlert {
  const reading = parseAlert(element, limits)
  if (reading.ok) return reading
  const claimed = isFields(element) ? element.fingerprint : null
  const fingerprint = isFingerprint(claimed) ? claimed : null
  return { ok: false, problem: { index, fingerprint, reason: reading.reason } }
}

/** Reads one element of a delivery. */
export function parseAlert(
  element: unknown,
  limits: Pick<DeliveryLimits, 'labelsPerAlertMax' | 'labelValueBytesMax'>,
): { readonly ok: true; readonly alert: Alert } | Refusal {
  if (!isFields(element)) return refused('the alert must be an object')
  const { fingerprint, status } = element
  if (!isFingerprint(fingerprint)) return refused('"fingerprint" must be 1 to 64 printable ASCII characters')
  if (status !== 'firing' && status !== 'resolved') return refused('"status" must be "firing" or "resolved"')
  const labels = parseLabels(element.labels, limits)
  if (!labels.ok) return refused(`"labels" ${labels.reason}`)
  const annotations = parseLabels(element.annotations ?? {}, limits)
  if (!annotations.ok) return refused(`"annotations" ${annotations.reason}`)
  const startsAt = parseTime(element.startsAt)
  if (typeof startsAt !== 'number') return refused('"startsAt" must be a time as in RFC 3339')
  const endsAt = parseTime(element.endsAt ?? zeroTime)
  if (endsAt === undefined) return refused('"endsAt" must be a time as in RFC 3339')
  const generatorURL = element.generatorURL ?? ''
  const problem = textProblem(generatorURL, limits.labelValueBytesMax)
  if (problem) return refused(`"generatorURL" ${problem}`)
  const alert: Alert = {
    fingerprint,
    status,
    labels: labels.labels,
    annotations: annotations.labels,
    startsAt,
    endsAt,
    generatorURL: String(generatorURL),
  }
  return { ok: true, alert }
}

function refused(reason: string): Refusal {
  return { ok: false, reason }
}

const zeroTime = '0001-01-01T00:00:00Z'

/** `null` for the year 1, which stands for "not set"; `undefined` for what is no time at all. */
function parseTime(value: unknown): number | null | undefined {
  if (typeof value !== 'string') return undefined
  if (value === zeroTime) return null
  const at = parseTimestampMs(value)
  if (at === null) return undefined
  if (value.startsWith('0001-')) return null
  return at < 0 ? undefined : at
}

function parseLabels(
  json: unknown,
  limits: Pick<DeliveryLimits, 'labelsPerAlertMax' | 'labelValueBytesMax'>,
): { readonly ok: true; readonly labels: Labels } | Refusal {
  if (!isFields(json)) return refused('must be a map of texts')
  const names = Object.keys(json)
  if (names.length > limits.labelsPerAlertMax) return refused(`has more than ${limits.labelsPerAlertMax} entries`)
  for (const name of names) {
    const value = json[name]
    const problem = textProblem(name, nameBytesMax) ?? textProblem(value, limits.labelValueBytesMax)
    if (problem) return refused(`entry ${JSON.stringify(name.slice(0, 100))} ${problem}`)
  }
  return { ok: true, labels: asLabels(json) }
}

/** Why a value is no text that can be stored, or `null`. */
function textProblem(value: unknown, bytesMax: number): string | null {
  if (typeof value !== 'string') return 'must be text'
  // A UTF-16 unit becomes at most three bytes, so most values need no second look.
  if (value.length * 3 > bytesMax && Buffer.byteLength(value) > bytesMax) return `is longer than ${bytesMax} bytes`
  if (value.includes('\u0000')) return 'contains NUL'
  if (!value.isWellFormed()) return 'is not well-formed Unicode'
  return null
}

function isFingerprint(value: unknown): value is string {
  return typeof value === 'string' && fingerprintShape.test(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
