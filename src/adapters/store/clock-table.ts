import type { Tx } from '../../engine/ports.ts'
import type { StoreDb } from './tables.ts'

const alerts = `
  update alerts set last_seen_at = min(last_seen_at, ?1), first_seen_at = min(first_seen_at, ?1),
    data = iif(json_extract(data, '$.resolvedAt') > ?1, json_set(data, '$.resolvedAt', ?1), data)
  where last_seen_at > ?1 or json_extract(data, '$.resolvedAt') > ?1`

const messages = 'update outbox set next_at = ?1 where sent_at is null and gave_up_at is null and next_at > ?1'

export function clockWrites({ sqlite }: StoreDb): Pick<Tx, 'bringBack'> {
  return {
    async bringBack(now) {
      for (const statement of [alerts, messages]) sqlite.prepare(statement).run([now])
    },
  }
}
