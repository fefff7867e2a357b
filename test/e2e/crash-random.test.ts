import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { crashAtRandom, type Figures } from '../crash/run.ts'
import { drawSchedule } from '../crash/schedule.ts'
import { shortfalls } from '../crash/shortfalls.ts'

const kills = 12

test('killed at a dozen random instants, Hepar keeps every promise and still heals', async () => {
  const seed = randomInt(1_000_000)
  console.log(`replay with: npm run crash -- --seed ${seed} --kills ${kills}`)
  const { broken, figures } = await crashAtRandom({ seed, kills })
  console.log(JSON.stringify(figures))
  expect({ seed, broken: [...broken, ...shortfalls(figures)] }).toEqual({ seed, broken: [] })
}, 600_000)

test('a seed replays its schedule, whose kills come at every kind of instant', () => {
  expect(drawSchedule(7, 100)).toEqual(drawSchedule(7, 100))
  expect(drawSchedule(8, 100)).not.toEqual(drawSchedule(7, 100))
  const { kills: drawn, illnesses } = drawSchedule(7, 100)
  for (const after of ['spawn', 'ready', 'effect']) {
    expect(drawn.filter((kill) => kill.after === after).length).toBeGreaterThan(10)
  }
  expect(illnesses.length).toBeGreaterThan(60)
  expect(illnesses.filter(({ manner }) => manner.cures).length).toBeGreaterThan(illnesses.length / 2)
  expect(new Set(illnesses.map(({ patient }) => patient)).size).toBeLessThan(illnesses.length)
})

test('a run in which nothing happens does not pass', () => {
  const nothing: Figures = {
    kills: 100,
    killsBeforeReady: 100,
    illnesses: 90,
    deliveries: 90,
    deliveriesRefused: 0,
    effectsBegun: 0,
    effectsCutOff: 0,
    unknown: 0,
    healed: 0,
    eased: 1,
    mitigated: 0,
    handedOver: 90,
    events: 900,
    seconds: 1,
  }
  expect(shortfalls(nothing)).toHaveLength(4)
})
