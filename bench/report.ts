import { load } from './machine.ts'
import type { Outcome, Table } from './section.ts'
import { type Target, type TargetId, targets } from './targets.ts'

export interface Run {
  readonly rounds: number
  readonly at: Date
  readonly tookSeconds: number
  readonly machine: string
  /** Load average of the last minute at the beginning. */
  readonly loadBefore: string
  readonly command: string
  readonly outcomes: readonly Outcome[]
  readonly tables: readonly Table[]
}

/** Whether a figure reaches its target; `null` where there is none to reach. */
export function isReached({ id, value }: Pick<Outcome, 'id' | 'value'>): boolean | null {
  const { reached }: Target = targets[id]
  return reached === null ? null : reached(value)
}

/** The page that is committed: every target beside the figure of one run, on the machine that made it. */
export function reportPage(run: Run): string {
  const { rounds, at, tookSeconds, machine, loadBefore, command, tables } = run
  return [
    '# Benchmarks',
    '',
    `Written by \`${command}\` on ${at.toISOString().slice(0, 10)}, in ${Math.round(tookSeconds / 60)} minutes, on ${machine}.`,
    `Load average ${loadBefore} before and ${load()} after the run. Medians of ${rounds} interleaved pairs, all in one run. Absolute figures belong to that`,
    'machine and to what else it did; the ratios are what is claimed. A target that is missed says so.',
    '',
    '| what | measured | required | reached | goal | how |',
    '|---|---|---|---|---|---|',
    ...(Object.keys(targets) as TargetId[]).map((id) => line(id, run.outcomes)),
    '',
    ...tables.flatMap(tableText),
    ...footnotes,
    '',
  ].join('\n')
}

function line(id: TargetId, outcomes: readonly Outcome[]): string {
  const { what, required, goal = '—' }: Target = targets[id]
  const outcome = outcomes.find((found) => found.id === id)
  if (outcome === undefined) return `| ${what} | not measured | ${required} | **no** | ${goal} | — |`
  const reached = { yes: 'yes', no: '**no**', none: '—' }[wordOf(isReached(outcome))]
  return `| ${what} | **${outcome.figure}** | ${required} | ${reached} | ${goal} | ${outcome.detail} |`
}

function wordOf(reached: boolean | null): 'yes' | 'no' | 'none' {
  return reached === null ? 'none' : reached ? 'yes' : 'no'
}

function tableText({ title, head, rows, notes }: Table): string[] {
  return [
    `## ${title}`,
    '',
    ...notes.flatMap((note) => [note, '']),
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ]
}

const footnotes = [
  '## How it is measured',
  '',
  'Real processes, real HTTP on the loopback interface, temporary folders that are removed. Each load is made before its clock starts and sent by a process of its own.',
  'Alerts are new with distinct fingerprints, every other one matches one playbook, and every one is validated, decided, chained and on the disk before the',
  'answer. The first pair warms both sides up and is not counted. Bytes, 1 MB and 1 kB are decimal.',
  '',
  'Not measured: anything across a network, other disks and file systems, many cores, several Hepars at once, plugins of your own and what they wait for,',
  'Alertmanager and Prometheus themselves, and days of running.',
]
