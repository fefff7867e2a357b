import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crashAtRandom } from './run.ts'
import { shortfalls } from './shortfalls.ts'

const help = `Kills Hepar with SIGKILL at random instants while patients fall ill, and checks every promise afterwards.

  npm run crash                          100 kills with a seed of its own
  npm run crash -- --seed 42 --kills 20  the same schedule again
  npm run crash -- --quiet               without a line a kill`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    kills: { type: 'string', default: '100' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(help)
  process.exit(0)
}

const seed = Number(values.seed ?? randomInt(1_000_000))
const kills = Number(values.kills)
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(kills) || kills < 1) {
  console.error(`--seed and --kills are whole numbers\n\n${help}`)
  process.exit(1)
}

console.log(`replay with: npm run crash -- --seed ${seed} --kills ${kills}`)
const { broken, figures } = await crashAtRandom({ seed, kills }, values.quiet ? () => {} : console.log)
for (const [name, figure] of Object.entries(figures)) console.log(`  ${name.padEnd(18)} ${figure}`)
const wrong = [...broken, ...shortfalls(figures)]
for (const what of wrong) console.error(`broken: ${what}`)
console.log(
  wrong.length === 0 ? `every promise was kept through ${kills} kills` : `${wrong.length} promises were broken`,
)
process.exit(wrong.length === 0 ? 0 : 1)
