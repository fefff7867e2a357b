import type { Fields } from './client.ts'
import { rows } from './command.ts'
import { formatTable, heading } from './table.ts'

/** Which steps are tried and why, where that is not the playbook as it is written; as the API or the engine says it. */
export function formatLadder(ladder: Fields | null | undefined): string {
  if (!ladder) return ''
  const skipped = rows(ladder, 'skipped').map(({ step, action, reason }) => [Number(step) + 1, action, reason])
  const places =
    ladder.steps === undefined ? (ladder.order as readonly number[]) : rows(ladder, 'steps').map(({ step }) => step)
  const records = rows(ladder, 'records').map((record) => [
    Number(record.step) + 1,
    record.action,
    record.targetClass ?? 'any target',
    record.attempts,
    record.healed,
    record.relapsed,
    record.ineffective,
    record.failed,
    record.selfRecovered,
    percent(record.lowerBound),
  ])
  return [
    heading('Ladder'),
    `tries ${places.map((place) => `step ${Number(place) + 1}`).join(', then ') || 'no step'}\n`,
    skipped.length === 0 ? '' : `\n${formatTable(['STEP', 'SKIPPED', 'WHY'], skipped)}`,
    records.length === 0 ? '' : `\n${formatTable([...recordColumns], records)}`,
  ].join('')
}

const recordColumns = [
  'STEP',
  'ACTION',
  'ON',
  'ATTEMPTS',
  'HEALED',
  'RELAPSED',
  'INEFFECTIVE',
  'FAILED',
  'SELF-RECOVERED',
  'LOWER BOUND',
] as const

function percent(share: unknown): string | null {
  return typeof share === 'number' ? `${Math.round(share * 100)}%` : null
}
