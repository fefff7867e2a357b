import type { JsonObject } from '../../domain/json.ts'
import type { ActionStep, Playbook } from '../../domain/playbook.ts'
import type { Reads } from '../ports.ts'
import { trackRecordOf } from './track-record.ts'

/** How this step has fared before on targets like this one, for whoever is asked to approve it; `null` for never tried. */
export async function pastSuccessOf(
  read: Pick<Reads, 'trials'>,
  about: { readonly playbook: Playbook; readonly step: ActionStep; readonly target: string },
  now: number,
): Promise<JsonObject | null> {
  const record = await trackRecordOf(read, about, now)
  return record.attempts === 0 ? null : { ...record }
}
