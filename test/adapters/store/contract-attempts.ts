import { expect, test } from 'vitest'
import type { Attempt } from '../../../src/domain/attempt.ts'
import { hasCode } from '../../../src/engine/errors.ts'
import type { OpenStore } from './contract.ts'
import { bare, noon, sampleAttempt, sampleIncident, sampleMessage } from './samples.ts'

const target = 'container/local/web'

export function attemptContract(openEmpty: OpenStore): void {
  const open = async () => {
    const store = await openEmpty()
    await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident()])
      await tx.openIncidents([sampleIncident({ id: 'i2', playbook: 'other' })])
    })
    return store
  }

  test('an attempt is read back as it was intended and as it was saved', async () => {
    const store = await open()
    await store.transaction('test', (tx) => tx.insertAttempt(sampleAttempt()))
    expect(await store.read.attempt('t1')).toEqual(sampleAttempt())
    expect(await store.read.attempt('unknown')).toBe(null)
    const checks = [{ check: 'cleared', passed: true, positive: false, detail: 'no alert' }]
    const changed = sampleAttempt({ phase: 'verifying', effect: 'done', report: { restarted: true }, checks })
    await store.transaction('test', (tx) => tx.saveAttempt(changed))
    expect(await store.read.attempt('t1')).toEqual(changed)
  })

  test('one temporary effect at a time is in force on a target, from its intent until it is released', async () => {
    const store = await open()
    const effect = sampleAttempt({ holdMs: 9_000, inForce: true })
    const ended = { phase: 'concluded', outcome: 'healed', concludedAt: noon + 5 } as const
    await store.transaction('test', async (tx) => {
      await tx.insertAttempt(effect)
      await tx.saveAttempt({ ...effect, ...ended })
    })
    expect((await store.read.effectOn(target))?.id).toBe('t1')
    expect((await store.read.effectsInForce()).map(({ id }) => id)).toEqual(['t1'])
    const second = sampleAttempt({ id: 't2', incident: 'i2', holdMs: 9_000, inForce: true })
    const early = store.transaction('test', (tx) => tx.insertAttempt(second))
    await expect(early).rejects.toMatchObject({ code: 'target_held' })
    const revert = sampleAttempt({ id: 't3', reverts: 't1' })
    await store.transaction('test', async (tx) => {
      await tx.insertAttempt(revert)
      await tx.release('t1')
      await tx.saveAttempt({ ...revert, ...ended })
      await tx.insertAttempt(second)
    })
    expect(await store.read.attempt('t1')).toEqual({ ...effect, ...ended, inForce: false })
    expect(await store.read.attempt('t3')).toEqual({ ...revert, ...ended })
    expect((await store.read.effectOn(target))?.id).toBe('t2')
  })

  test('an attempt holds what else its plan touches as well as its target, whoever comes first', async () => {
    const store = await open()
    const redis = sampleAttempt({
      target: 'redis/cache',
      plan: { ...sampleAttempt().plan, touches: [target, 'unit/a'] },
    })
    const container = sampleAttempt({ id: 't2', incident: 'i2', playbook: 'other' })
    const insert = (attempt: Attempt) => store.transaction('test', (tx) => tx.insertAttempt(attempt))
    const conclude = (attempt: Attempt) => {
      const ended = { phase: 'concluded', outcome: 'healed', concludedAt: noon + 5 } as const
      return store.transaction('test', (tx) => tx.saveAttempt({ ...attempt, ...ended }))
    }
    await insert(redis)
    for (const object of ['redis/cache', target, 'unit/a']) {
      expect((await store.read.holder(['nobody', object]))?.id).toBe('t1')
    }
    await expect(insert(container)).rejects.toMatchObject({ code: 'target_held' })
    expect(await store.read.attempt('t2')).toBe(null)
    await conclude(redis)
    expect(await store.read.holder(['redis/cache', target, 'unit/a'])).toBe(null)
    await insert(container)
    const again = { ...redis, id: 't3' }
    await expect(insert(again)).rejects.toMatchObject({ code: 'target_held' })
    expect((await store.read.holder(['redis/cache', target]))?.id).toBe('t2')
    await conclude(container)
    await insert(again)
  })

  test('an attempt holds its target from intent until it is concluded, whichever playbook asks', async () => {
    const store = await open()
    expect(await store.read.holder([target])).toBe(null)
    await store.transaction('test', (tx) => tx.insertAttempt(sampleAttempt()))
    const other = sampleAttempt({ id: 't2', incident: 'i2', playbook: 'other' })
    for (const phase of ['acting', 'verifying'] as const) {
      await store.transaction('test', (tx) => tx.saveAttempt(sampleAttempt({ phase })))
      const second = store.transaction('test', (tx) => tx.insertAttempt(other))
      await expect(second).rejects.toMatchObject({ code: 'target_held' })
      expect((await store.read.holder([target]))?.id).toBe('t1')
    }
    const concluded = sampleAttempt({ phase: 'concluded', outcome: 'healed', concludedAt: noon + 5 })
    await store.transaction('test', (tx) => tx.saveAttempt(concluded))
    expect(await store.read.holder([target])).toBe(null)
    await store.transaction('test', (tx) => tx.insertAttempt(other))
    expect((await store.read.activeAttempts()).map(({ id }) => id)).toEqual(['t2'])
  })

  test('of many who want a target at once, one gets it', async () => {
    const store = await open()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        store.transaction('test', (tx) => tx.insertAttempt(sampleAttempt({ id: `t${index}` }))),
      ),
    )
    const lost = results.filter((result) => result.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => hasCode(reason, 'target_held'))).toBe(true)
    expect(await store.read.activeAttempts()).toHaveLength(1)
  })

  test('a result with another fence, or after the conclusion, is refused', async () => {
    const store = await open()
    await store.transaction('test', (tx) => tx.insertAttempt(sampleAttempt({ fence: 2 })))
    for (const fence of [1, 3]) {
      const save = store.transaction('test', (tx) => tx.saveAttempt(sampleAttempt({ fence, effect: 'done' })))
      await expect(save).rejects.toMatchObject({ code: 'stale_write' })
    }
    const concluded = sampleAttempt({ fence: 2, phase: 'concluded', outcome: 'unknown', concludedAt: noon })
    await store.transaction('test', (tx) => tx.saveAttempt(concluded))
    for (const late of [concluded, sampleAttempt({ fence: 2 }), sampleAttempt({ id: 'unknown' })]) {
      const save = store.transaction('test', (tx) => tx.saveAttempt(late))
      await expect(save).rejects.toMatchObject({ code: 'stale_write' })
    }
    expect(await store.read.attempt('t1')).toEqual(concluded)
  })

  test('attempts of an incident come in the order in which they began', async () => {
    const store = await open()
    const concluded = { phase: 'concluded', outcome: 'failed', concludedAt: noon } as const
    await store.transaction('test', async (tx) => {
      await tx.insertAttempt(sampleAttempt({ id: 't1', intendedAt: noon + 2, ...concluded }))
      await tx.insertAttempt(sampleAttempt({ id: 't2', intendedAt: noon + 1, ...concluded }))
      await tx.insertAttempt(sampleAttempt({ id: 't3', incident: 'i2', playbook: 'other' }))
    })
    expect((await store.read.attemptsOf('i1')).map(({ id }) => id)).toEqual(['t2', 't1'])
  })

  test('the history counts what began in each window, and says when the oldest leaves it', async () => {
    const store = await open()
    const budgets = [
      { count: 3, windowMs: 1_000 },
      { count: 7, windowMs: 10_000 },
    ]
    const { playbook } = sampleAttempt()
    const none = await store.read.attemptHistory(playbook, target, budgets, noon)
    expect(none.windows.map(({ used, oldestAt }) => [used, oldestAt])).toEqual([
      [0, null],
      [0, null],
    ])
    expect(none.lastEndedAt).toBe(null)
    const concluded = { phase: 'concluded', outcome: 'failed' } as const
    await store.transaction('test', async (tx) => {
      const ended = (id: string, intendedAt: number) =>
        tx.insertAttempt(sampleAttempt({ id, intendedAt, concludedAt: intendedAt + 10, ...concluded }))
      await ended('t1', noon - 10_000)
      await ended('t2', noon - 9_999)
      await ended('t3', noon - 500)
      await tx.insertAttempt(sampleAttempt({ id: 't4', intendedAt: noon - 100 }))
      await tx.insertAttempt(sampleAttempt({ id: 't5', target: 'redis/cache', intendedAt: noon }))
    })
    const { windows, lastEndedAt } = await store.read.attemptHistory(playbook, target, budgets, noon)
    expect(windows).toEqual([
      { count: 3, windowMs: 1_000, used: 2, oldestAt: noon + 500 },
      { count: 7, windowMs: 10_000, used: 3, oldestAt: noon + 1 },
    ])
    expect(lastEndedAt).toBe(noon - 490)
  })

  test('an attempt that was called off before it began uses up no budget and starts no cooldown', async () => {
    const store = await open()
    const calledOff = { phase: 'concluded', outcome: 'cancelled', effect: 'not_started', concludedAt: noon } as const
    await store.transaction('test', (tx) =>
      tx.insertAttempt(sampleAttempt({ id: 't1', intendedAt: noon, ...calledOff })),
    )
    const { playbook } = sampleAttempt()
    const budgets = [{ count: 3, windowMs: 1_000 }]
    const { windows, lastEndedAt } = await store.read.attemptHistory(playbook, target, budgets, noon)
    expect(windows[0]?.used).toBe(0)
    expect(lastEndedAt).toBe(null)
  })

  test('the pause is kept until it is lifted', async () => {
    const store = await open()
    expect(await store.read.pause()).toBe(null)
    const pause = { reason: 'maintenance', by: 'operator:ann', since: noon, until: null }
    await store.transaction('test', (tx) => tx.setPause(pause))
    await store.transaction('test', (tx) => tx.setPause({ ...pause, until: noon + 5 }))
    expect(await store.read.pause()).toEqual({ ...pause, until: noon + 5 })
    await store.transaction('test', (tx) => tx.setPause(null))
    expect(await store.read.pause()).toBe(null)
  })

  test('a message is kept once per key, and due until it is sent or given up', async () => {
    const store = await open()
    await store.transaction('test', async (tx) => {
      await tx.enqueue(sampleMessage())
      await tx.enqueue(sampleMessage({ id: 'm2', body: { text: 'again' } }))
      await tx.enqueue(sampleMessage({ id: 'm3', dedupeKey: 'other', incident: 'i2', nextAt: noon - 5 }))
      await tx.enqueue(sampleMessage({ id: 'm4', dedupeKey: 'later', incident: 'i3', nextAt: noon + 5 }))
    })
    const due = async () => (await store.read.outboxDue(noon, 10)).map(({ id }) => id)
    expect(await store.read.outboxDue(noon, 10)).toContainEqual(sampleMessage())
    expect(await due()).toEqual(['m3', 'm1'])
    await store.transaction('test', (tx) => tx.saveMessage(sampleMessage({ tries: 1, sentAt: noon })))
    expect(await due()).toEqual(['m3'])
    const tired = sampleMessage({ id: 'm3', tries: 9, gaveUpAt: noon, lastError: 'HTTP 500' })
    await store.transaction('test', (tx) => tx.saveMessage(tired))
    expect(await due()).toEqual([])
    const unknown = store.transaction('test', (tx) => tx.saveMessage(sampleMessage({ id: 'unknown' })))
    await expect(unknown).rejects.toThrow('not in the outbox')
  })
  test('of one incident a channel is given only the oldest message, and each channel has its share', async () => {
    const store = await open()
    const add = (id: string, incident: string | null, channel: string) =>
      store.transaction('test', (tx) => tx.enqueue(sampleMessage({ id, dedupeKey: id, incident, channel })))
    await add('a1', 'a', 'x')
    await add('a2', 'a', 'x')
    await add('b1', 'b', 'x')
    await add('c1', 'c', 'x')
    await add('a3', 'a', 'y')
    await add('n1', null, 'y')
    await add('n2', null, 'y')
    const due = async (max: number) => (await store.read.outboxDue(noon, max)).map(({ id }) => id)
    expect(await due(9)).toEqual(['a1', 'b1', 'c1', 'a3', 'n1', 'n2'])
    expect(await due(2)).toEqual(['a1', 'b1', 'a3', 'n1'])
    const sent = sampleMessage({ id: 'a1', channel: 'x', sentAt: noon, receipt: 'place' })
    await store.transaction('test', (tx) => tx.saveMessage(sent))
    expect(await due(9)).toEqual(['a2', 'b1', 'c1', 'a3', 'n1', 'n2'])
    expect(await store.read.told('a', 'x')).toEqual([{ event: null, planDigest: null, receipt: 'place' }])
    expect(await store.read.told('a', 'y')).toEqual([])
  })

  test('the channels that called somebody are known until they are asked to tell of the end', async () => {
    const store = await open()
    const add = (id: string, channel: string, event: string) =>
      store.transaction('test', (tx) => tx.enqueue(sampleMessage({ id, dedupeKey: id, channel, body: { event } })))
    expect(await store.read.channelsToldOf('i1')).toEqual([])
    await add('m1', 'x', 'incident.handed_over')
    await add('m2', 'y', 'approval.asked')
    await add('m3', 'z', 'playbook.demoted')
    expect([...(await store.read.channelsToldOf('i1'))].sort()).toEqual(['x', 'y'])
    await add('m4', 'x', 'incident.closed')
    await add('m5', 'y', 'approval.decided')
    expect(await store.read.channelsToldOf('i1')).toEqual(['y'])
    await add('m6', 'x', 'incident.handed_over')
    expect([...(await store.read.channelsToldOf('i1'))].sort()).toEqual(['x', 'y'])
    expect(await store.read.channelsToldOf('')).toEqual([])
  })

  test('the rest of a group waits once, the newest win over the bound, and an older promise removes no newer one', async () => {
    const store = await open()
    const rest = (id: string, group: string, receiver = 'hepar') => {
      return { id, group, source: 'main', receiver, groupKey: 'k', groupLabels: bare({ ['__proto__']: 'a label' }) }
    }
    const save = (...one: Parameters<typeof rest>) =>
      store.transaction('test', (tx) => tx.saveRemainder(rest(...one), 2))
    expect(await save('r1', 'a')).toBe(0)
    expect(await save('r2', 'b')).toBe(0)
    expect(await save('r3', 'a', 'other')).toBe(0)
    const waiting = await store.read.remainders()
    expect(waiting).toEqual([rest('r2', 'b'), rest('r3', 'a', 'other')])
    expect(Object.keys(waiting[0]?.groupLabels ?? {})).toEqual(['__proto__'])
    expect(await save('r4', 'c')).toBe(1)
    await store.transaction('test', (tx) => tx.removeRemainder('r1'))
    expect((await store.read.remainders()).map(({ id }) => id)).toEqual(['r3', 'r4'])
    await store.transaction('test', (tx) => tx.removeRemainder('r3'))
    expect((await store.read.remainders()).map(({ id }) => id)).toEqual(['r4'])
  })
}
