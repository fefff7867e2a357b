import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { race } from './run.ts'

const help = `Cleans a folder again and again while others exchange its folders for links that lead outside.

  npm run race                          for a minute, with a seed of its own
  npm run race -- --seconds 5 --seed 7  shorter, the same exchanges`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(help)
  process.exit(0)
}

const seed = Number(values.seed ?? randomInt(1_000_000))
const seconds = Number(values.seconds)
if (!Number.isSafeInteger(seed) || !(seconds > 0)) {
  console.error(`--seed is a whole number, --seconds more than 0\n\n${help}`)
  process.exit(1)
}

console.log(`replay with: npm run race -- --seconds ${seconds} --seed ${seed}`)
const { broken, rounds, removed, removedLeast } = await race({ seconds, seed })
for (const what of broken) console.error(`broken: ${what}`)
const idle = removed < removedLeast
if (idle) console.error(`broken: only ${removed} files were removed in ${rounds} rounds, so the run says nothing`)
console.log(`${rounds} rounds, ${removed} files removed inside, ${broken.length} changes outside`)
process.exit(broken.length === 0 && !idle ? 0 : 1)
