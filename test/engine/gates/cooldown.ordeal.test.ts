import { expect, test } from 'vitest'
import { ordeal, type Seen, type Story } from '../../kit/ordeal.ts'
import { somePlaybook } from '../../kit/records.ts'
import { simulatedPolicy } from '../../kit/simulation.ts'

const cooldownMs = 300_000
const limits = { ...somePlaybook().limits, cooldownMs, attempts: [{ count: 1_000, windowMs: 86_400_000 }] }

/** Between two effects on one target lies the cooldown at least, through whatever happens. */
function tooSoon({ patient, at }: Seen, { effects }: Story): string | null {
  const last = effects.findLast((effect) => effect.patient === patient)
  return last && at - last.at < cooldownMs ? `${at - last.at} ms after the one before` : null
}

test('no story gets an effect through a cooldown, and most illnesses are treated', async () => {
  const policy = simulatedPolicy({ limits, reopenWithinMs: 0 })
  const { effects } = await ordeal({ policy, forbidden: tooSoon, shareMin: 0.3, jumpMsMax: 7_200_000 })
  expect(effects).toBeGreaterThan(20)
}, 60_000)
