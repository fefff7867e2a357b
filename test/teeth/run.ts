import { parseArgs } from 'node:util'
import { bite, isGreen, makeCopy } from './bite.ts'
import { type Tooth, teeth } from './teeth.ts'

const help = `Takes one safety away at a time, in a copy, and fails unless its named test turns red.

  npm run teeth                     all of them
  npm run teeth -- --only lock      those whose name contains the word
  npm run teeth -- --jobs 2         how many at once (default 2)
  npm run teeth -- --json           one JSON line a tooth`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(help)
  process.exit(0)
}

const chosen = teeth.filter(({ takes }) => values.only === undefined || takes.includes(values.only))
const waiting = [...chosen]
const dull: string[] = []
let done = 0

async function work(): Promise<void> {
  const copy = makeCopy()
  const green = new Set<string>()
  try {
    for (let tooth = waiting.shift(); tooth !== undefined; tooth = waiting.shift()) {
      await take(tooth, copy, green)
    }
  } finally {
    copy.close()
  }
}

async function take(tooth: Tooth, copy: ReturnType<typeof makeCopy>, green: Set<string>): Promise<void> {
  const key = `${tooth.test} ${tooth.red}`
  if (!green.has(key) && !(await isGreen(tooth, copy))) {
    say(tooth, false, 'its test is not green to begin with, or does not exist', 0)
    return
  }
  green.add(key)
  const result = await bite(tooth, copy)
  say(tooth, result.bites, result.bites ? result.red.join('; ') : result.why, result.seconds)
}

function say(tooth: Tooth, bites: boolean, detail: string, seconds: number): void {
  done += 1
  if (!bites) dull.push(tooth.takes)
  if (values.json) console.log(JSON.stringify({ takes: tooth.takes, bites, detail, seconds }))
  else
    console.log(
      `${String(done).padStart(3)}/${chosen.length} ${bites ? 'red ' : 'DULL'} ${seconds}s  ${tooth.takes}\n            ${detail}`,
    )
}

await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work))
console.log(`\n${chosen.length - dull.length} of ${chosen.length} safeties are missed by a test when taken away`)
if (dull.length > 0) {
  console.log(`Nobody misses:\n${dull.map((takes) => `  - ${takes}`).join('\n')}`)
  process.exitCode = 1
}
