import { expect, test } from 'vitest'
import type { Playbook } from '../../src/domain/playbook.ts'
import { resumed } from '../../src/engine/prove/watched.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { simulate, theIncident } from './simulate.ts'

const pace = { probeEveryMs: 2_000, roundGapMaxMs: 15_000 }
const looked = { effectEndedAt: 100_000, lastRoundAt: 130_000, heldSince: 120_000, verifyUntil: 160_000 }

test('between two rounds nothing changes, however late the second is within bounds', () => {
  for (const now of [130_000, 132_000, 145_000]) expect(resumed(looked, now, pace)).toBe(looked)
  const first = { ...looked, lastRoundAt: null, heldSince: null }
  expect(resumed(first, 115_000, pace)).toBe(first)
})

test('after a time in which nobody looked as much of the window is left as there was, less one pause', () => {
  const later = resumed(looked, 10_000_000, pace)
  expect(later).toEqual({ ...looked, lastRoundAt: null, heldSince: null, verifyUntil: 10_028_000 })
})

test('however often nobody looked for too long, the window ends', () => {
  let attempt = { ...looked, lastRoundAt: looked.lastRoundAt as number | null }
  let now = 130_000
  for (let round = 0; round < 15; round += 1) {
    now += 20_000
    attempt = { ...resumed(attempt, now, pace), lastRoundAt: now }
  }
  expect(attempt.verifyUntil).toBe(now)
})

test('a clock that was set back leaves as much of it, and no end of the effect that is still to come', () => {
  const earlier = resumed(looked, 50_000, pace)
  expect(earlier).toEqual({ effectEndedAt: 50_000, lastRoundAt: null, heldSince: null, verifyUntil: 78_000 })
})

test('a machine that was suspended while an effect was verified begins no further step before the time of this one is up', async () => {
  const [restart, escalate] = somePlaybook().steps as readonly [Playbook['steps'][number], Playbook['steps'][number]]
  const limits = { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 9, windowMs: 3_600_000 }] }
  const web = somePatient('web', false)
  const simulation = await simulate({ patients: [web], playbook: { steps: [restart, restart, escalate], limits } })
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  simulation.pass(3 * 3_600_000)
  await simulation.settle()
  expect(web.restarts).toHaveLength(1)
  web.ill = false
  for (let second = 0; second < 20; second += 1) {
    simulation.pass(1_000)
    await simulation.settle()
  }
  expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'healed' })
  expect(web.restarts).toHaveLength(1)
})
