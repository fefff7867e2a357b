import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'

export const columns = [
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

const value = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constant(null),
  fc.integer({ min: -5, max: 99 }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n }),
  fc.double({ noNaN: true }),
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom('{}', 'alert.changed', 'audit.key_changed', 'i3', 'redis/cache'),
)

/** One way to change a log of `length` events. */
export function tamperings(length: number) {
  const seq = fc.integer({ min: 1, max: length })
  return fc.oneof(
    fc.record({ kind: fc.constant('change' as const), seq, column: fc.constantFrom(...columns), value }),
    fc.record({ kind: fc.constant('flip' as const), seq, column: fc.constantFrom('body', 'digest', 'mac', 'actor') }),
    fc.record({ kind: fc.constant('retype' as const), seq, column: fc.constantFrom('body', 'digest', 'mac', 'actor') }),
    fc.record({ kind: fc.constant('respell' as const), seq, column: fc.constantFrom('digest', 'mac') }),
    fc.record({ kind: fc.constant('prepend' as const), seq: fc.integer({ min: -3, max: 0 }), copyOf: seq }),
    fc.record({ kind: fc.constant('delete' as const), seq }),
    fc.record({ kind: fc.constant('cut out' as const), seq }),
    fc.record({ kind: fc.constant('insert' as const), seq, copyOf: seq }),
    fc.record({ kind: fc.constant('swap' as const), seq, other: seq }),
  )
}

type Tampering = ReturnType<typeof tamperings> extends fc.Arbitrary<infer T> ? T : never

/** Opens the database as someone would who wants to change history. */
export function openToTamper(file: string): DatabaseSync {
  const db = new DatabaseSync(file)
  db.exec('pragma synchronous = off')
  for (const trigger of ['audit_keep', 'audit_fixed', 'audit_erase_only']) db.exec(`drop trigger if exists ${trigger}`)
  return db
}

export function tamper(db: DatabaseSync, change: Tampering): void {
  const { kind, seq } = change
  if (kind === 'change') set(db, seq, change.column, change.value)
  else if (kind === 'flip') flip(db, seq, change.column)
  else if (kind === 'swap') swap(db, seq, change.other)
  else if (kind === 'retype')
    db.exec(`update audit set ${change.column} = cast(${change.column} as blob) where seq = ${seq}`)
  else if (kind === 'respell')
    db.exec(`update audit set ${change.column} = lower(hex(${change.column})) where seq = ${seq}`)
  else if (kind === 'prepend') insertCopy(db, seq, change.copyOf)
  else if (kind === 'insert') {
    shift(db, seq, 1)
    insertCopy(db, seq, change.copyOf < seq ? change.copyOf : change.copyOf + 1)
  } else {
    db.prepare('delete from audit where seq = ?').run(seq)
    if (kind === 'cut out') shift(db, seq + 1, -1)
  }
}

/** The rows as the database itself writes them, so that no type is lost. */
export function rowsOf(db: DatabaseSync): { seq: number; text: string }[] {
  const text = columns.map((column) => `quote(${column})`).join(" || ',' || ")
  const rows = db.prepare(`select cast(seq as text) as number, ${text} as text from audit order by seq`).all()
  return rows.map(({ number, text }) => ({ seq: Number(number), text: String(text) }))
}

function set(db: DatabaseSync, seq: number, column: string, value: string | number | bigint | null | Uint8Array): void {
  try {
    db.prepare(`update audit set ${column} = ? where seq = ?`).run(value, seq)
  } catch {
    // What the table itself does not take is no tampering.
  }
}

function flip(db: DatabaseSync, seq: number, column: string): void {
  const third = `case when substr(${column}, 3, 1) = 'a' then 'b' else 'a' end`
  db.exec(`update audit set ${column} = substr(${column}, 1, 2) || ${third} || substr(${column}, 4) where seq = ${seq}`)
}

function swap(db: DatabaseSync, seq: number, other: number): void {
  if (seq === other) return
  const move = db.prepare('update audit set seq = ? where seq = ?')
  move.run(-1, seq)
  move.run(seq, other)
  move.run(other, -1)
}

function insertCopy(db: DatabaseSync, seq: number, copyOf: number): void {
  const rest = columns.filter((column) => column !== 'seq').join(', ')
  db.exec(`insert into audit (seq, ${rest}) select ${seq}, ${rest} from audit where seq = ${copyOf}`)
}

function shift(db: DatabaseSync, from: number, by: number): void {
  db.exec(`update audit set seq = -1000 - seq where seq >= ${from}`)
  db.exec(`update audit set seq = -1000 - seq + ${by} where seq < -1000`)
}
