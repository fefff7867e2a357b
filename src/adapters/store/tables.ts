import { type Compilable, type CompiledQuery, type Generated, Kysely, SqliteDialect } from 'kysely'
import type { Packed } from './packed.ts'
import type { Sqlite, SqlValue } from './sqlite.ts'

/** Rows as they lie in the database: times in epoch milliseconds, booleans as 0 and 1, `data` the rest as JSON text. */
export interface StoreTables {
  /** The generator URLs that many alerts share, as all alerts of one rule do. */
  generators: { key: Generated<number>; url: string }
  alerts: {
    /** Given by the database, in the order in which the alerts were first seen. */
    key: Generated<number>
    source: string
    fingerprint: Packed
    status: string
    starts_at: number
    first_seen_at: number
    last_seen_at: number
    decision: string
    episode: Packed
    receiver: string
    rules_revision: string
    /** `null` where `data` has the URL, or there is none. */
    generator: number | null
    data: string
  }
  incidents: {
    /** Given by the database, in the order in which they were opened. */
    key: Generated<number>
    id: Packed
    playbook: string
    target: string
    state: string
    ending: string | null
    opened_at: number
    closed_at: number | null
    due_at: number | null
    version: number
    data: string
  }
  /** Keys, not identities: there are as many of these as of alerts. */
  incident_alerts: { incident: number; alert: number }
  attempts: {
    id: string
    incident: Packed
    playbook: string
    target: string
    step: number
    action: string
    phase: string
    fence: number
    intended_at: number
    concluded_at: number | null
    outcome: string | null
    data: string
    reverts: string | null
    in_force: number
    /** `null` in rows of an older version. */
    ill_since: number | null
    /** 1 once a person has said that it is not to count towards flapping and loops any more. */
    pardoned: number
  }
  left_alone: { target: string; why: string; reason: string; since: number; until: number; incident: Packed }
  /** What an attempt that is not concluded holds: its target, and what else its plan touches. */
  holds: { object: string; attempt: string }
  trials: {
    /** Given by the database, in the order in which they ended. */
    key: Generated<number>
    playbook: string
    revision: string
    step: string
    action: string
    class: string
    target: string
    incident: Packed
    outcome: string
    at: number
    took_ms: number
    relapsed: number
    well_before: number | null
  }
  demotions: { playbook: string; data: string }
  own_effects: { object: string; attempt: string; began_at: number; ended_at: number }
  approvals: {
    /** Given by the database, in the order in which they were asked. */
    key: Generated<number>
    id: string
    incident: Packed
    state: string
    data: string
  }
  outbox: {
    id: string
    dedupe_key: string
    incident: string
    channel: string
    body: string
    created_at: number
    tries: number
    next_at: number
    sent_at: number | null
    gave_up_at: number | null
    last_error: string | null
    /** What it belongs to; '' for what stands alone. */
    subject: string
    receipt: string | null
  }
  pauses: { id: string; data: string }
  settings: { name: string; value: string }
  tokens: {
    key: Generated<number>
    id: string
    name: string
    role: string
    digest: string
    created_at: number
    created_by: string
    expires_at: number | null
    revoked_at: number | null
  }
  remainders: { id: string; group_digest: string; data: string }
  audit: {
    seq: number
    type: string
    at: number
    actor: string
    incident: Packed | null
    attempt: string | null
    playbook: string | null
    target: string | null
    body: string | null
    digest: Uint8Array
    key_id: string
    mac: Uint8Array
  }
  audit_gaps: { from_seq: number; to_seq: number; mac: string; key_id: string }
}

/** Builds queries, and names the connection on which what was prepared runs. */
export type StoreDb = Kysely<StoreTables> & { readonly sqlite: Sqlite }

/** Kysely over a connection that stays owned by the caller. */
export function kyselyOver(sqlite: Sqlite): StoreDb {
  return Object.assign(new Kysely<StoreTables>({ dialect: new SqliteDialect({ database: sqlite }) }), { sqlite })
}

/** Stand-ins for the parameters of a query that is compiled once and bound on each call, in order of appearance. */
export const text = ''
export const integer = 0

/**
 * Compiles the query now; each call only binds new parameters, on the connection itself: the way through Kysely's driver
 * costs more than most of these statements.
 */
export function prepared<Row>({ sqlite }: StoreDb, query: Compilable<Row>) {
  const compiled = query.compile()
  return async (...parameters: SqlValue[]): Promise<Row[]> =>
    sqlite.prepare(compiled.sql).all(bound(compiled, parameters)) as Row[]
}

/** As `prepared`, for statements that return no rows: resolves to the number of changed rows. */
export function preparedWrite({ sqlite }: StoreDb, query: Compilable) {
  const compiled = query.compile()
  return async (...parameters: SqlValue[]): Promise<number> =>
    Number(sqlite.prepare(compiled.sql).run(bound(compiled, parameters)).changes)
}

function bound({ sql, parameters: places }: CompiledQuery, parameters: readonly SqlValue[]): readonly SqlValue[] {
  if (parameters.length !== places.length) {
    throw new Error(`${parameters.length} parameters for ${places.length} places in: ${sql}`)
  }
  return parameters
}

const rowsMax = 64
const exactMax = 16

/**
 * Writes any number of rows with few statements. Only chunks of 64 and of 1 to 16 rows are compiled, so a handful of
 * prepared statements serves every size and the parameter limit of the database is never near.
 */
export function preparedBulk<Row extends object>(
  db: StoreDb,
  columns: readonly (keyof Row & string)[],
  build: (places: Row[]) => Compilable,
) {
  const place = Object.fromEntries(columns.map((column) => [column, text])) as Row
  const bySize = new Map<number, CompiledQuery>()
  const compiledFor = (size: number) => {
    const known = bySize.get(size)
    if (known !== undefined) return known
    const compiled = build(new Array(size).fill(place)).compile() as CompiledQuery
    bySize.set(size, compiled)
    return compiled
  }
  /** `row` pushes the values of one item, in the order of the columns. */
  return async <Item>(items: readonly Item[], row: (item: Item, values: SqlValue[]) => void): Promise<void> => {
    for (let start = 0; start < items.length; ) {
      const left = items.length - start
      const size = left >= rowsMax ? rowsMax : Math.min(left, exactMax)
      const values: SqlValue[] = []
      for (let index = start; index < start + size; index++) row(items[index] as Item, values)
      const compiled = compiledFor(size)
      db.sqlite.prepare(compiled.sql).run(bound(compiled, values))
      start += size
    }
  }
}

/** One made thing for each power of two up to `max`; the size asked for is rounded up. */
export function sized<Made>(max: number, make: (size: number) => Made): (count: number) => Made {
  const bySize = new Map<number, Made>()
  return (count) => {
    const size = Math.min(2 ** Math.ceil(Math.log2(count)), max)
    const known = bySize.get(size)
    if (known !== undefined) return known
    const made = make(size)
    bySize.set(size, made)
    return made
  }
}

/** The list filled up with its last member to the next power of two. */
export function filled<Item>(items: readonly Item[]): readonly Item[] {
  const missing = 2 ** Math.ceil(Math.log2(items.length)) - items.length
  return [...items, ...new Array<Item>(missing).fill(items.at(-1) as Item)]
}
