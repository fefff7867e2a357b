import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { race } from '../race/run.ts'

test('however folders are exchanged for links while they are cleaned, nothing outside goes', async () => {
  const seed = randomInt(1_000_000)
  console.log(`replay with: npm run race -- --seed ${seed}`)
  const { broken, rounds, removed } = await race({ seconds: 5, seed })
  expect({ seed, broken }).toEqual({ seed, broken: [] })
  expect(removed, `${rounds} rounds`).toBeGreaterThan(10)
}, 120_000)
