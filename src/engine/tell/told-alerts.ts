import type { AlertRecord } from '../../domain/alert.ts'
import type { JsonObject } from '../../domain/json.ts'
import { boundedBody, partCharactersMax } from './bounded-body.ts'

const alertsMax = 20
const severitiesMax = 20
const severityCharactersMax = 100

/**
 * What a message says of an incident's alerts: the first few, for one target may have thousands, how many more there are, and every
 * severity that any of them names.
 */
export function toldAlerts(alerts: readonly AlertRecord[]): JsonObject {
  const told: JsonObject[] = []
  let characters = 0
  for (const { fingerprint, status, labels, annotations } of alerts.slice(0, alertsMax)) {
    const one = boundedBody({ fingerprint, status, labels: { ...labels }, annotations: { ...annotations } })
    characters += JSON.stringify(one).length
    if (told.length > 0 && characters > partCharactersMax) break
    told.push(one)
  }
  const more = alerts.length - told.length
  return { alerts: told, severities: severitiesOf(alerts), ...(more > 0 && { moreAlerts: more }) }
}

function severitiesOf(alerts: readonly AlertRecord[]): string[] {
  const named = alerts.flatMap(({ labels: { severity } }) =>
    severity === undefined || severity.length > severityCharactersMax ? [] : [severity],
  )
  return [...new Set(named)].slice(0, severitiesMax)
}
