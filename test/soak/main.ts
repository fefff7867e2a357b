import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { soak } from './run.ts'
import { shortfalls, wordsOf } from './verdict.ts'

const help = `A day in fast motion: Hepar under load while everything around it fails at random, and then every promise and every slope.

  npm run soak                              half an hour at a fifth of a core, with a seed of its own
  npm run soak -- --seed 42 --minutes 5     the same schedule again, in less time
  npm run soak -- --load 0.4                at two fifths of a core
  npm run soak -- --json                    one JSON document instead of a table`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '30' },
    load: { type: 'string', default: '0.2' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(help)
  process.exit(0)
}

const request = {
  seed: Number(values.seed ?? randomInt(1_000_000)),
  minutes: Number(values.minutes),
  load: Number(values.load),
}
if (!Number.isSafeInteger(request.seed) || !(request.minutes > 0) || !(request.load > 0 && request.load <= 1)) {
  console.error(`--seed is a whole number, --minutes more than 0, --load between 0 and 1\n\n${help}`)
  process.exit(1)
}

const say = (line: string) => (values.json ? console.error(line) : console.log(line))
say(`replay with: npm run soak -- --seed ${request.seed} --minutes ${request.minutes} --load ${request.load}`)
const report = await soak(request, say)
const wrong = [...report.broken, ...shortfalls(report, request)]
if (values.json) console.log(JSON.stringify({ ...request, ...report, wrong }, null, 2))
else for (const line of wordsOf(report)) console.log(line)
for (const what of wrong) console.error(`broken: ${what}`)
say(wrong.length === 0 ? 'every promise was kept, and nothing grows' : `${wrong.length} things are wrong`)
process.exit(wrong.length === 0 ? 0 : 1)
