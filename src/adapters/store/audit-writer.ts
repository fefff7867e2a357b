import type { AuditEvent, AuditHead, NewAuditEvent } from '../../domain/audit.ts'
import { canonicalJson } from '../../domain/json.ts'
import { sha256 } from '../../engine/digest.ts'
import { type AuditKey, genesis, macOf } from './chain.ts'
import { packUuid } from './packed.ts'
import { preparedBulk, type StoreDb, type StoreTables } from './tables.ts'

/** Where the chain stood; `rewind` goes back to it. */
export interface ChainMark {
  readonly head: AuditHead
  readonly count: number
}

/** Gives events their place in the chain. The head lives in memory while one group of transactions is written. */
export interface AuditWriter {
  /** Begins a group after the stored head. */
  begin(head: AuditHead): void
  mark(): ChainMark
  rewind(mark: ChainMark): void
  append(events: readonly NewAuditEvent[]): void
  /** Writes what was appended since the last call. */
  flush(): Promise<void>
  /** The events of the group, in order. */
  events(): readonly AuditEvent[]
}

const columns = [
  'seq',
  'type',
  'at',
  'actor',
  'incident',
  'attempt',
  'playbook',
  'target',
  'body',
  'digest',
  'key_id',
  'mac',
] as const

interface Line {
  readonly event: AuditEvent
  readonly body: string
}

export function createAuditWriter(db: StoreDb, key: AuditKey): AuditWriter {
  const insert = preparedBulk(db, columns, (places: StoreTables['audit'][]) => db.insertInto('audit').values(places))
  let head = genesis
  let lines: Line[] = []
  let written = 0
  return {
    begin(stored) {
      head = stored
      lines = []
      written = 0
    },
    mark: () => ({ head, count: lines.length }),
    rewind(mark) {
      head = mark.head
      lines.length = mark.count
      written = Math.min(written, mark.count)
    },
    append(events) {
      for (const event of events) {
        const line = chained(head, event, key)
        lines.push(line)
        head = { seq: line.event.seq, mac: line.event.mac, at: line.event.at }
      }
    },
    async flush() {
      const fresh = lines.slice(written)
      written = lines.length
      await insert(fresh, ({ event, body }, values) => {
        const { seq, type, at, actor, incident, attempt, playbook, target, digest, keyId, mac } = event
        const about = incident === null ? null : packUuid(incident)
        values.push(seq, type, at, actor, about, attempt, playbook, target, body)
        values.push(Buffer.from(digest, 'hex'), keyId, Buffer.from(mac, 'hex'))
      })
    },
    events: () => lines.map(({ event }) => event),
  }
}

function chained(head: AuditHead, event: NewAuditEvent, key: AuditKey): Line {
  if (!Number.isSafeInteger(event.at)) throw new Error(`event ${event.type}: "at" is not a time in milliseconds`)
  const body = canonicalJson(event.body)
  const header = {
    seq: head.seq + 1,
    type: event.type,
    at: event.at,
    actor: storable(event.actor),
    incident: storable(event.incident),
    attempt: storable(event.attempt),
    playbook: storable(event.playbook),
    target: storable(event.target),
    digest: sha256(body),
    keyId: key.id,
  }
  return { event: { ...header, body: event.body, mac: macOf(key.secret, head.mac, header) }, body }
}

// The database stores UTF-8, which has no half surrogates: what is signed must be what can be read back.
function storable(text: string): string
function storable(text: string | null | undefined): string | null
function storable(text: string | null | undefined): string | null {
  return text?.toWellFormed() ?? null
}
