import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { body } from './body.ts'
import { history } from './history.ts'
import { ingest } from './ingest.ts'
import { latency } from './latency.ts'
import { describeMachine, load } from './machine.ts'
import { memory } from './memory.ts'
import { others } from './others.ts'
import { playbooks } from './playbooks.ts'
import { isReached, reportPage } from './report.ts'
import { retention } from './retention.ts'
import type { Outcome, Section, Table } from './section.ts'
import { start } from './start.ts'
import { storage } from './storage.ts'
import { targets } from './targets.ts'

const sections: Readonly<Record<string, Section>> = {
  ingest,
  playbooks,
  latency,
  start,
  memory,
  body,
  history,
  storage,
  retention,
  others,
}

const help = `Measures what is promised of speed and size, and writes docs/benchmarks.md.

  npm run bench                     every section, about a quarter of an hour on a quiet machine
  npm run bench -- --quick          every section with small loads, about four minutes; printed and not written
  npm run bench -- --only SECTION   one of ${Object.keys(sections).join(', ')}; printed and not written
  npm run bench -- --rounds 3       pairs that are counted (default 5, with --quick 1)
  npm run bench -- --json           prints everything that was measured as JSON

It needs nothing but this project; Node-RED is installed into a temporary folder where npm can.
Progress goes to standard error. Exit code 0 says that everything was measured, not that every target was reached.`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const { only, quick, json } = values
const rounds = Number(values.rounds ?? (quick ? 1 : 5))
const names = Object.keys(sections).filter((name) => only === undefined || name === only)
if (values.help) {
  console.log(help)
  process.exit(0)
}
if (names.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    names.length === 0 ? `there is no section "${only}"\n\n${help}` : `--rounds needs a number of pairs\n\n${help}`,
  )
  process.exit(2)
}

// Everything lies in one folder, so that nothing stays behind, even of a run that is broken off.
const place = mkdtempSync(join(tmpdir(), 'hepar-bench-'))
process.env.TMPDIR = place
process.on('exit', () => rmSync(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const begunAt = performance.now()
const loadBefore = load()
const outcomes: Outcome[] = []
const tables: Table[] = []
for (const name of names) {
  const say = (line: string) => console.error(`${clock()} ${line}`)
  const found = await (sections[name] as Section)({ rounds, quick, say })
  outcomes.push(...found.outcomes)
  tables.push(...(found.tables ?? []))
}
const tookSeconds = (performance.now() - begunAt) / 1_000
const run = { rounds, at: new Date(), tookSeconds, machine: describeMachine(), loadBefore, command: 'npm run bench' }

if (json) console.log(JSON.stringify({ ...run, outcomes: outcomes.map(withTarget), tables }, null, 2))
else print()
if (only === undefined && !quick) {
  writeFileSync(resolve(import.meta.dirname, '../docs/benchmarks.md'), reportPage({ ...run, outcomes, tables }))
}

function withTarget(outcome: Outcome) {
  const { what, required } = targets[outcome.id]
  return { ...outcome, what, required, reached: isReached(outcome) }
}

function print(): void {
  for (const { what, figure, required, reached } of outcomes.map(withTarget)) {
    console.log(`${reached === null ? '   ' : reached ? 'yes' : 'NO '} ${what}: ${figure} (required ${required})`)
  }
  for (const { title, head, rows } of tables) {
    console.log(`\n${title}`)
    for (const row of rows) console.log(`  ${row.map((cell, index) => `${head[index]}: ${cell}`).join(', ')}`)
  }
}

function clock(): string {
  const passed = Math.round((performance.now() - begunAt) / 1_000)
  return `${Math.floor(passed / 60)}:${String(passed % 60).padStart(2, '0')}`
}
