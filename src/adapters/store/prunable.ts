import type { PrunableEvents, PrunableFinder, PruneOrder } from '../../domain/retention.ts'
import { type AuditKeys, type ChainPosition, checkLine, genesis, type StoredLine } from './chain.ts'
import { linesBetween } from './log-lines.ts'
import { packUuid } from './packed.ts'
import { claimProblem, isGapProblem, overGap, type Pruned, readPruned } from './pruned.ts'
import { prepared, type StoreDb, text } from './tables.ts'

/** The record of the gaps is read whole and digested for each pruning. */
const gapsMax = 1_000
/** Bodies that one look reads at most, so that large deliveries do not keep the event loop. */
const bodyCharactersMax = 512 * 1024

/** Over a reading connection. What may go is verified first: pruning must not wash away the traces of a tampering. */
export function createPrunableFinder(db: StoreDb, keys: AuditKeys): PrunableFinder {
  const ends = prepared(db, db.selectFrom('incidents').select(['state', 'closed_at']).where('id', '=', text))
  let position: ChainPosition = { ...genesis, keyId: null }

  const stays = async (incident: string, { closedBefore }: PruneOrder) => {
    const [row] = await ends(packUuid(incident))
    return row !== undefined && (row.state !== 'closed' || (row.closed_at ?? 0) >= closedBefore)
  }

  return {
    restart() {
      position = { ...genesis, keyId: null }
    },
    async next(order) {
      const pruned = readPruned(db.sqlite)
      const unbacked = claimProblem(pruned)
      if (unbacked !== null) return { ok: false, reason: unbacked.reason }
      const reading = readLines(db, position, pruned, order, keys)
      if (!reading.ok) return reading
      const staying = new Map<string, boolean>()
      for (const { line } of reading.lines) {
        const { incident } = line
        if (typeof incident !== 'string' || staying.has(incident)) continue
        staying.set(incident, await stays(incident, order))
      }
      const free = gapsMax - pruned.gaps.length
      const { events, crowded } = runsOf(reading.lines, staying, free, pruned)
      position = reading.position
      return { ok: true, events, crowded, done: reading.done }
    },
  }
}

interface VerifiedLine {
  readonly line: StoredLine
  readonly at: ChainPosition
}

type Reading =
  | { readonly ok: false; readonly reason: string }
  | {
      readonly ok: true
      readonly lines: readonly VerifiedLine[]
      readonly position: ChainPosition
      readonly done: boolean
    }

function readLines(db: StoreDb, from: ChainPosition, pruned: Pruned, order: PruneOrder, keys: AuditKeys): Reading {
  const lines: VerifiedLine[] = []
  let position = from
  let characters = 0
  for (const line of linesBetween(db.sqlite, from.seq, Number.MAX_SAFE_INTEGER, order.rowsMax)) {
    if (Number(line.at) >= order.before) return { ok: true, lines, position, done: true }
    const before = overGap(position, Number(line.seq), pruned)
    if (isGapProblem(before)) return { ok: false, reason: before.reason }
    const check = checkLine(before, line, keys)
    if (!check.ok) return { ok: false, reason: check.reason }
    position = check.position
    lines.push({ line, at: position })
    characters += typeof line.body === 'string' ? line.body.length : 0
    if (characters > bodyCharactersMax) return { ok: true, lines, position, done: false }
  }
  return { ok: true, lines, position, done: lines.length < order.rowsMax }
}

function runsOf(
  lines: readonly VerifiedLine[],
  staying: ReadonlyMap<string, boolean>,
  gapsFree: number,
  { gaps }: Pruned,
): { readonly events: PrunableEvents | null; readonly crowded: boolean } {
  const runs: { from: number; to: number; mac: string; keyId: string }[] = []
  const incidents = new Set<string>()
  let count = 0
  let opened = 0
  let youngestAt = 0
  for (const { line, at } of lines) {
    const { incident } = line
    if (typeof incident === 'string' && staying.get(incident) === true) continue
    const end = { to: at.seq, mac: at.mac, keyId: String(line.keyId) }
    const run = runs.at(-1)
    if (run !== undefined && run.to === at.seq - 1) Object.assign(run, end)
    else {
      if (!gaps.some(({ to }) => to === at.seq - 1)) opened++
      if (opened > gapsFree) break
      runs.push({ from: at.seq, ...end })
    }
    if (typeof incident === 'string') incidents.add(incident)
    count++
    youngestAt = Math.max(youngestAt, Number(line.at))
  }
  const events = count === 0 ? null : { runs, count, incidents: [...incidents], youngestAt }
  return { events, crowded: opened > gapsFree }
}
