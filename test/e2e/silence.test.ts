import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AlertmanagerSilence } from '../kit/alertmanager.ts'
import { type Loop, startLoop } from '../kit/loop.ts'
import { waitFor } from '../kit/wait.ts'

const ttlMs = 5_000

let loop: Loop

beforeAll(async () => {
  loop = await startLoop({
    limits: { silenceTtl: `${ttlMs}ms`, shutdownGrace: '0s' },
    playbooks: [
      {
        takes: 'hopeless',
        held: true,
        steps: '- $ACT\n- $ACT\n- escalate: oncall',
        verify: ['- alert: cleared', '- promql: ill{name="{{ labels.name }}"} == 0'],
        more: 'silence: true\nwithin: 2s',
      },
      { takes: 'abandoned', held: true, more: 'silence: true' },
      { takes: 'audible', held: true },
    ],
  })
}, 180_000)

afterAll(() => loop?.[Symbol.asyncDispose]())

test('while it heals its alert alone is silent, for as long as that takes; after each failure it is heard at once', async () => {
  const { witness, alertmanager, hepar, pager, oncall } = loop
  loop.fall('hopeless', 'bank')
  loop.fall('audible', 'shop')
  await witness.until('began', 'bank')
  const first = await theOnlySilence('bank')
  const alerts = await alertmanager.alerts()
  const bank = alerts.find(({ labels }) => labels.name === 'bank')
  expect(Object.fromEntries(first.matchers.map(({ name, value }) => [name, value]))).toEqual(bank?.labels)
  expect(bank?.status.silencedBy).toEqual([first.id])
  expect(alerts.find(({ labels }) => labels.name === 'shop')?.status.silencedBy).toEqual([])

  // Far beyond its first end it is the same silence, and nobody has been called about what is silent.
  const calls = () => pager.requests.filter(({ body }) => body.includes('"bank"')).length
  const before = await settledCalls(calls)
  const renewed = (silence: AlertmanagerSilence) => Date.parse(silence.endsAt) > Date.parse(first.endsAt) + ttlMs
  await waitFor(async () => renewed(await theOnlySilence('bank')), { what: 'a second renewal', deadlineMs: 60_000 })
  expect((await theOnlySilence('bank')).id).toBe(first.id)
  expect(calls()).toBe(before)

  // The second step finds the silence of the first in nobody's way, and sets one of its own.
  witness.free('bank')
  await waitFor(() => witness.began('bank') === 2, { what: 'the second step', deadlineMs: 60_000 })
  await hepar.until('handed over', (incidents) => of(incidents, 'bank')?.state === 'handed_over')
  await waitFor(async () => (await active('bank')).length === 0, { what: 'no silence is left' })
  expect(oncall.requests).toHaveLength(1)
  await waitFor(() => calls() > before, { what: 'the pager is called again' })

  const concluded = await timesOf('attempt.concluded')
  const expired = await timesOf('silence.expired')
  expect([concluded.length, expired.length]).toEqual([2, 2])
  const kept = (await alertmanager.silences()).filter(covers('bank'))
  expect(kept).toHaveLength(2)
  for (const [index, at] of concluded.entries()) {
    // By Alertmanager's own word it ended with the attempt, long before it would have lapsed.
    const ended = kept.map(({ endsAt }) => Date.parse(endsAt)).sort()[index]!
    expect(ended - at).toBeLessThan(ttlMs / 2)
  }

  async function timesOf(type: string): Promise<readonly number[]> {
    const { id } = of(await hepar.incidents(), 'bank')!
    return (await hepar.events(id)).filter((event) => event.type === type).map(({ at }) => new Date(at).getTime())
  }
}, 180_000)

test('a silence outlives a killed Hepar by no more than its time to live, and a stopped one not at all', async () => {
  const { witness, hepar } = loop
  loop.fall('abandoned', 'orphan')
  await witness.until('began', 'orphan')
  const { id } = await theOnlySilence('orphan')
  const killedAt = Date.now()
  await hepar.kill()
  const left = (await loop.alertmanager.silences()).find((one) => one.id === id)!
  expect(Date.parse(left.endsAt)).toBeLessThanOrEqual(killedAt + ttlMs + 1_000)
  await waitFor(async () => (await active('orphan')).length === 0, { what: 'it lapses by itself' })

  // What became of the effect is unknown now, and is looked into: silent again meanwhile.
  await hepar.start()
  await theOnlySilence('orphan')
  await hepar.stop()
  expect(await active('orphan')).toEqual([])
  await hepar.start()
}, 180_000)

function of(incidents: Awaited<ReturnType<Loop['hepar']['incidents']>>, service: string) {
  return incidents.find(({ target }) => target === `service/${service}`)
}

function covers(service: string) {
  return ({ matchers }: AlertmanagerSilence) => matchers.some(({ name, value }) => name === 'name' && value === service)
}

async function active(service: string): Promise<readonly AlertmanagerSilence[]> {
  const silences = await loop.alertmanager.silences()
  return silences.filter(covers(service)).filter(({ status }) => status.state === 'active')
}

function theOnlySilence(service: string): Promise<AlertmanagerSilence> {
  return waitFor(
    async () => {
      const found = await active(service)
      return found.length === 1 && found[0]
    },
    { what: `one silence for ${service}`, deadlineMs: 60_000 },
  )
}

/** A call that was under way when the silence began has arrived when another alert's has come twice since. */
async function settledCalls(calls: () => number): Promise<number> {
  const others = () => loop.pager.requests.filter(({ body }) => body.includes('"shop"')).length
  const seen = others()
  await waitFor(() => others() >= seen + 2, { what: 'the pager is called about something else' })
  return calls()
}
