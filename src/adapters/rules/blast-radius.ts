import type { BlastRadius } from '../../domain/playbook.ts'
import type { Path, Report } from '../../files/source-file.ts'
import type { PlaybookContext } from './context.ts'
import { compilePromql } from './promql.ts'

const path: Path = ['limits', 'blastRadius']

/** Shares are told from counts as they are written. */
type Written = { readonly max: Bound | readonly Bound[]; readonly of: string | undefined }
type Bound = number | { readonly percent: number }

/** What the file says of the blast radius; `null` when it says nothing, or nothing that can hold. */
export function readBlastRadius(
  written: Written | undefined,
  { config }: PlaybookContext,
  report: Report,
): BlastRadius | null {
  if (written === undefined) return null
  const bounds = [written.max].flat() as readonly Bound[]
  const counts = bounds.filter((bound) => typeof bound === 'number')
  const shares = bounds.filter((bound) => typeof bound === 'object')
  if (counts.length > 1 || shares.length > 1) {
    report([...path, 'max'], 'has two bounds of one kind: give one count and one share')
    return null
  }
  const percent = shares[0]?.percent ?? null
  const problem = totalProblem(percent, written.of)
  if (problem !== null) report(problem.at, problem.reason)
  else if (percent !== null) warnOfNobodyAsked(config.sources, report)
  return { percent, count: counts[0] ?? null, of: percent === null ? null : (written.of ?? null) }
}

type Problem = { readonly at: Path; readonly reason: string }

function totalProblem(percent: number | null, of: string | undefined): Problem | null {
  const here = [...path, 'of']
  if (of === undefined) {
    const reason = 'a share needs "of": the PromQL query whose one sample is the number of targets'
    return percent === null ? null : { at: path, reason }
  }
  if (percent === null) return { at: here, reason: 'says of what a share is taken, and "max" has none' }
  const reading = compilePromql(of)
  if (!reading.ok) return { at: here, reason: reading.reason }
  const fixed = reading.template.every((part) => typeof part === 'string')
  const reason = 'must not hold a placeholder: it counts the targets of all alerts of this playbook'
  return fixed ? null : { at: here, reason }
}

function warnOfNobodyAsked(sources: PlaybookContext['config']['sources'], report: Report): void {
  const without = sources?.filter(({ prometheus }) => prometheus === null).map(({ name }) => name) ?? []
  if (sources === null || (sources.length > 0 && without.length === 0)) return
  const whose = sources.length === 0 ? 'no source is configured' : `the source ${without.join(', ')} has no prometheus`
  report([...path, 'of'], `nobody can answer it: ${whose}, so it blocks every effect`, { severity: 'warning' })
}
