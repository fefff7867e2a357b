import { expect, onTestFinished, test } from 'vitest'
import type { HealingSilence } from '../../src/domain/silence.ts'
import type { Silencer } from '../../src/engine/ports.ts'
import { createSilencing } from '../../src/engine/silence/silencing.ts'
import { simulate, someRunner, theIncident, typesOf } from './simulate.ts'

/** An Alertmanager that keeps silences in a map, or answers nothing while `away`. */
function somePeer(alertmanager = 'http://am') {
  const kept = new Map<string, HealingSilence>()
  const state = { away: false, made: 0 }
  const gone = { ok: false, reason: 'connection refused' } as const
  const silencer: Silencer = {
    alertmanager,
    list: async () => (state.away ? gone : { ok: true, silences: [...kept.values()] }),
    async set({ id, attempt, labels, endsAt }) {
      if (state.away) return gone
      state.made += id === null ? 1 : 0
      const known = id ?? `${alertmanager}-${state.made}`
      kept.set(known, { id: known, attempt, labels, endsAt })
      return { ok: true, id: known }
    },
    async expire(id) {
      if (state.away) return gone
      kept.delete(id)
      return { ok: true }
    },
  }
  return { silencer, kept, state }
}

/** A simulation in which an attempt is under way, with a silencing beside it. */
async function healing(peers: readonly ReturnType<typeof somePeer>[], silence = true) {
  const effect = Promise.withResolvers<void>()
  const runner = someRunner([], async () => {
    await effect.promise
    return { kind: 'failed', reason: 'no luck' }
  })
  const simulation = await simulate({
    playbook: { silence },
    config: { sources: [{ name: 'main', alertmanagers: [], prometheus: null }] },
    actions: { reserve: async () => runner },
  })
  const silencing = createSilencing({ ...simulation.ports, silencers: () => peers.map(({ silencer }) => silencer) })
  onTestFinished(() => silencing.close())
  onTestFinished(() => effect.resolve())
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  const attempt = (await simulation.store.read.activeAttempts())[0]
  if (attempt === undefined) throw new Error('nothing is under way')
  return { simulation, silencing, attempt, end: effect.resolve }
}

const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length

test('every Alertmanager is silent while the attempt lasts, and each silence is an event', async () => {
  const peers = [somePeer('http://a'), somePeer('http://b')]
  const { simulation, silencing, attempt, end } = await healing(peers)
  silencing.start()
  for (const { kept } of peers) await expect.poll(() => [...kept.values()]).toMatchObject([{ attempt: attempt.id }])
  await expect.poll(async () => count(await typesOf(simulation), 'silence.set')).toBe(2)
  const { limits } = simulation.policy.config
  for (const { kept } of peers) expect([...kept.values()][0]?.endsAt).toBe(simulation.now() + limits.silenceTtlMs)
  end()
  await expect.poll(async () => (await theIncident(simulation)).state).not.toBe('acting')
  silencing.kick()
  for (const { kept } of peers) await expect.poll(() => kept.size).toBe(0)
  await expect.poll(async () => count(await typesOf(simulation), 'silence.expired')).toBe(2)
})

test('a playbook that does not ask for it silences nothing, and no Alertmanager is even asked', async () => {
  const peer = somePeer()
  let asked = 0
  const list = () => {
    asked += 1
    return peer.silencer.list()
  }
  const { silencing } = await healing([{ ...peer, silencer: { ...peer.silencer, list } }], false)
  silencing.start()
  await silencing.close()
  expect([asked, peer.state.made]).toEqual([0, 0])
})

test('what another Hepar silences is left alone, what an earlier life of this one left is expired', async () => {
  const peer = somePeer()
  const { simulation, silencing, attempt, end } = await healing([peer])
  const labels = { alertname: 'Ill' }
  const endsAt = simulation.now() + 1_000
  peer.kept.set('theirs', { id: 'theirs', attempt: '01900000-0000-7000-8000-000000000000', labels, endsAt })
  peer.kept.set('left', { id: 'left', attempt: attempt.id, labels, endsAt })
  end()
  await expect.poll(async () => (await theIncident(simulation)).state).not.toBe('acting')
  silencing.start()
  await expect.poll(() => [...peer.kept.keys()]).toEqual(['theirs'])
})

test('an Alertmanager that cannot be reached is recorded once for each attempt, and keeps no other from being silent', async () => {
  const [broken, sound] = [somePeer('http://broken'), somePeer('http://sound')]
  broken.state.away = true
  const { simulation, silencing, attempt } = await healing([broken, sound])
  silencing.start()
  await expect.poll(() => sound.kept.size).toBe(1)
  const failures = async () =>
    (await simulation.store.read.audit({ limit: 1_000 })).filter(({ type }) => type === 'silence.failed')
  await expect
    .poll(failures)
    .toMatchObject([{ attempt: attempt.id, body: { alertmanager: 'http://broken', reason: 'connection refused' } }])
  for (let round = 0; round < 3; round += 1) {
    silencing.kick()
    await new Promise((resolve) => setImmediate(resolve))
  }
  broken.state.away = false
  silencing.kick()
  await expect.poll(() => broken.kept.size).toBe(1)
  expect(await failures()).toHaveLength(1)
})

test('closing leaves no silence behind', async () => {
  const peer = somePeer()
  const { silencing } = await healing([peer])
  silencing.start()
  await expect.poll(() => peer.kept.size).toBe(1)
  await silencing.close()
  expect(peer.kept.size).toBe(0)
})
