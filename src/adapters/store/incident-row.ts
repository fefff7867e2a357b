import type { Selectable } from 'kysely'
import type { Ending, Incident, IncidentState } from '../../domain/incident.ts'
import { packUuid, unpackUuid } from './packed.ts'
import type { SqlValue } from './sqlite.ts'
import type { StoreTables } from './tables.ts'

export type IncidentRow = Selectable<StoreTables['incidents']>

/** What is written when an incident opens, in the order of `pushIncident`. */
export const incidentColumns = [
  'id',
  'playbook',
  'target',
  'state',
  'ending',
  'opened_at',
  'closed_at',
  'due_at',
  'version',
  'data',
] as const

type Column = 'id' | 'playbook' | 'target' | 'state' | 'ending' | 'openedAt' | 'closedAt' | 'dueAt' | 'version'
type Rest = Omit<Incident, Column>

/** What a fresh incident says of itself is left out of `data`; its times are those of its opening. */
const fresh: Omit<Rest, 'playbookRevision' | 'illSince' | 'acceptedAt' | 'startsAt' | 'updatedAt'> = {
  reason: '',
  step: 0,
  ladder: null,
  attempts: 0,
  touched: false,
  reopenings: 0,
  handedOverAt: null,
  toldAt: null,
  waiting: null,
  blockedSince: null,
  wouldRunRevision: null,
  holdUntil: null,
  cancelRequestedBy: null,
  human: false,
  unconfirmedSince: null,
  owed: null,
  manual: null,
}

const freshKeys = Object.keys(fresh) as (keyof typeof fresh)[]

export function toRow(incident: Incident) {
  const { id, playbook, target, state, ending, openedAt, closedAt, dueAt, version, ...rest } = incident
  const { playbookRevision, illSince, acceptedAt, startsAt, updatedAt } = rest
  const data: Record<string, unknown> = { playbookRevision }
  if (illSince !== openedAt) data.illSince = illSince
  if (acceptedAt !== openedAt) data.acceptedAt = acceptedAt
  if (startsAt !== illSince) data.startsAt = startsAt
  if (updatedAt !== openedAt) data.updatedAt = updatedAt
  for (const key of freshKeys) if (rest[key] !== fresh[key]) data[key] = rest[key]
  return { id, playbook, target, state, ending, openedAt, closedAt, dueAt, version, data: JSON.stringify(data) }
}

export function pushIncident(incident: Incident, values: SqlValue[]): void {
  const { id, playbook, target, state, ending, openedAt, closedAt, dueAt, version, data } = toRow(incident)
  values.push(packUuid(id), playbook, target, state, ending, openedAt, closedAt, dueAt, version, data)
}

export function toIncident(row: IncidentRow): Incident {
  const rest = JSON.parse(row.data) as Partial<Rest> & Pick<Rest, 'playbookRevision'>
  const illSince = rest.illSince ?? row.opened_at
  return {
    ...fresh,
    illSince,
    acceptedAt: row.opened_at,
    startsAt: illSince,
    updatedAt: row.opened_at,
    ...rest,
    id: unpackUuid(row.id),
    playbook: row.playbook,
    target: row.target,
    state: row.state as IncidentState,
    ending: row.ending as Ending | null,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    dueAt: row.due_at,
    version: row.version,
  }
}
