import { type Judgement, judgedFromMs } from './judge.ts'
import type { SoakReport, SoakRequest } from './run.ts'

/** Of the wanted load: the machine may be busy with others, but a run without load says nothing. */
const loadShares = { least: 0.6, most: 1.5 } as const

/** What grows, and in which respect too little happened for the run to say anything. */
export function shortfalls(
  { figures, faults, judgements }: Omit<SoakReport, 'broken'>,
  { minutes, load }: SoakRequest,
): readonly string[] {
  const least = (what: string, wanted: number, actual = figures[what] ?? 0) =>
    actual < wanted ? [`only ${actual} ${what}, at least ${wanted} were expected`] : []
  const isLong = minutes * 60_000 >= 2 * judgedFromMs
  const kinds = Object.keys(faults).length
  const busy = (figures['load of one core, %'] ?? 0) / 100 / load
  return [
    ...judgements.flatMap(wrongIn),
    ...least('illnesses', minutes * 5),
    ...least('effectsBegun', 0.4 * (figures.illnesses ?? 0)),
    ...least('healed', Math.max(3, 0.15 * (figures.illnesses ?? 0))),
    ...least('kinds of faults', isLong ? 12 : 3, kinds),
    ...least('deliveries', minutes * 60),
    ...least('deliveries tried again', 1),
    ...(isLong ? least('events pruned', 1_000) : []),
    ...(isLong && (busy < loadShares.least || busy > loadShares.most)
      ? [`the load was ${Math.round(busy * 100)} % of what was wanted`]
      : []),
    ...(isLong && judgements.some(({ verdict }) => verdict === 'unjudged') ? ['the quiet life was too short'] : []),
  ]
}

function wrongIn({ measure, verdict, perHour, bound }: Judgement): readonly string[] {
  if (perHour === null || verdict === 'level') return []
  const range = `between ${figure(perHour.low, measure)} and ${figure(perHour.high, measure)} an hour of the day`
  const limit = figure(bound, measure)
  return verdict === 'grows'
    ? [`${measure} grows: ${range}, ${limit} are allowed`]
    : [`${measure} may grow: ${range}, of which ${limit} are allowed; a longer run would tell`]
}

/** The report as a table. */
export function wordsOf({ figures, faults, judgements }: SoakReport): readonly string[] {
  const rows = (all: Readonly<Record<string, number>>) =>
    Object.entries(all).map(([name, value]) => `  ${name.padEnd(28)} ${value}`)
  const slopes = judgements.map(({ measure, verdict, mean, perHour }) => {
    const level = measure === 'memory' || measure === 'store' ? `${(mean / 1e6).toFixed(1)} MB` : mean.toFixed(1)
    if (perHour === null) return `  ${measure.padEnd(10)} ${level.padStart(9)}  ${verdict}`
    const range = `[${figure(perHour.low, measure)}, ${figure(perHour.high, measure)}]`
    return `  ${measure.padEnd(10)} ${level.padStart(9)}  ${figure(perHour.slope, measure).padStart(8)} an hour ${range}  ${verdict}`
  })
  return [
    'figures',
    ...rows(figures),
    'faults',
    ...rows(faults),
    'slopes of the quiet life, per hour of the day',
    ...slopes,
  ]
}

function figure(value: number, measure: Judgement['measure']): string {
  return measure === 'memory' || measure === 'store' ? `${(value * 100).toFixed(2)} %` : value.toFixed(2)
}
