import { cpus } from 'node:os'

/** One figure beside what was asked of it. */
export interface Row {
  readonly what: string
  readonly figure: string
  readonly required: string
  readonly goal: string
  readonly reached: boolean
  readonly detail: string
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  if (low === undefined || high === undefined) throw new Error('there is no median of nothing')
  return (low + high) / 2
}

/** The page that is committed: every figure of one run, on the machine that made it. */
export function reportPage(rows: readonly Row[], { rounds, at }: { rounds: number; at: Date }): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`
  const lines = rows.map(
    ({ what, figure, required, goal, reached, detail }) =>
      `| ${what} | **${figure}** | ${required} | ${reached ? 'yes' : '**no**'} | ${goal} | ${detail} |`,
  )
  return [
    '# Benchmarks',
    '',
    `Written by \`npm run bench\` on ${at.toISOString().slice(0, 10)}: ${machine}. Medians of ${rounds} interleaved pairs, all in one run; the`,
    'absolute figures belong to that machine, the ratios are what is claimed.',
    '',
    '| what | figure | required | reached | goal | measured |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}
