import type { Incident } from '../domain/incident.ts'
import type { Reads } from '../engine/ports.ts'
import { HttpError } from './errors.ts'

/** The incident of an address. Throws 404 where there is none. */
export async function findIncident(reads: Pick<Reads, 'incident'>, id: string | undefined): Promise<Incident> {
  const incident = await reads.incident(id ?? '')
  if (incident !== null) return incident
  throw new HttpError(
    404,
    'not_found',
    'there is no such incident',
    'List them with `hepar incidents`, or GET /api/v1/incidents.',
  )
}
