import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ingest } from './ingest.ts'
import { type Row, reportPage } from './report.ts'
import { retention } from './retention.ts'

const help = `Measures what the documentation claims, and writes docs/benchmarks.md.

  npm run bench                    every section
  npm run bench -- --only ingest   one section, printed and not written
  npm run bench -- --rounds 3      pairs that are measured (default 5)`

const sections = { ingest, retention }

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const names = Object.keys(sections).filter((name) => values.only === undefined || name === values.only)
if (values.help || names.length === 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.log(help)
  process.exit(values.help ? 0 : 1)
}

const rows: Row[] = []
for (const name of names)
  rows.push(...(await sections[name as keyof typeof sections](rounds, (line) => console.error(line))))
if (values.json) console.log(JSON.stringify(rows, null, 2))
else
  for (const { what, figure, required, reached } of rows)
    console.log(`${reached ? 'ok ' : 'NO '} ${what}: ${figure} (${required})`)
if (values.only === undefined) {
  writeFileSync(resolve(import.meta.dirname, '../docs/benchmarks.md'), reportPage(rows, { rounds, at: new Date() }))
}
