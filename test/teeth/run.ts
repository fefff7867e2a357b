import { parseArgs } from 'node:util'
import { bite, type Copy, makeCopy, notGreen } from './bite.ts'
import { teeth } from './teeth.ts'
import type { Tooth } from './tooth.ts'

const help = `Takes one safety away at a time, in a copy, and fails unless its named test turns red.

  npm run teeth                     all of them
  npm run teeth -- --only lock      those whose words or file contain the word
  npm run teeth -- --jobs 2         how many at once (default 2)
  npm run teeth -- --json           one JSON line a tooth`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(help)
  process.exit(0)
}

const started = performance.now()
const chosen = teeth.filter(({ takes, file }) => `${takes} ${file}`.includes(values.only))
// Teeth of one test file share one look at whether it is green; long rows first, so that the jobs end together.
const rows = [...Map.groupBy(chosen, ({ test }) => test)].sort(([, a], [, b]) => b.length - a.length)
const dull: string[] = []
let done = 0

// The copies are removed when the process exits, also by a signal.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

async function work(): Promise<void> {
  const copy = makeCopy()
  for (let row = rows.shift(); row !== undefined; row = rows.shift()) await takeRow(...row, copy)
  copy.close()
}

async function takeRow(test: string, row: readonly Tooth[], copy: Copy): Promise<void> {
  const unusable = await notGreen(test, [...new Set(row.map(({ red }) => red))], copy)
  for (const tooth of row) {
    if (unusable.has(tooth.red)) say(tooth, false, 'its test is not green to begin with, or does not exist', 0)
    else {
      const { bites, detail, seconds } = await bite(tooth, copy)
      say(tooth, bites, detail, seconds)
    }
  }
}

function say({ takes, file, test }: Tooth, bites: boolean, detail: string, seconds: number): void {
  done += 1
  if (!bites) dull.push(takes)
  const place = `${String(done).padStart(3)}/${chosen.length}`
  const line = `${place} ${bites ? 'red ' : 'DULL'} ${seconds.toFixed(1).padStart(5)}s  ${takes}`
  console.log(values.json ? JSON.stringify({ takes, file, test, bites, detail, seconds }) : `${line}\n      ${detail}`)
}

await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work))
const seconds = Math.round((performance.now() - started) / 1_000)
if (values.json) console.log(JSON.stringify({ teeth: chosen.length, dull, seconds }))
else {
  console.log(`\n${chosen.length - dull.length} of ${chosen.length} safeties are missed when taken away (${seconds} s)`)
  if (dull.length > 0) console.log(`Nobody misses:\n${dull.map((takes) => `  - ${takes}`).join('\n')}`)
}
if (dull.length > 0 || chosen.length === 0) process.exitCode = 1
