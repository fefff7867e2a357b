import { expect, test } from 'vitest'
import { type Incident, type IncidentState, incidentStates, transitions } from '../../../src/domain/incident.ts'
import { hasCode } from '../../../src/engine/errors.ts'
import type { Store } from '../../../src/engine/ports.ts'
import type { OpenStore } from './contract.ts'
import { noon, sampleIncident } from './samples.ts'

export function incidentContract(open: OpenStore): void {
  test('an incident is read back as it was opened, and saving raises its version', async () => {
    const store = await open()
    await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
    expect(await store.read.incident('i1')).toEqual(sampleIncident())
    expect(await store.read.incident('unknown')).toBe(null)
    const changed = sampleIncident({ state: 'acting', touched: true, dueAt: noon + 7, waiting: null, reason: 'acts' })
    const saved = await store.transaction('test', (tx) => tx.saveIncident(changed))
    expect(saved).toEqual({ ...changed, version: 2 })
    expect(await store.read.incident('i1')).toEqual(saved)
  })

  test('a playbook and target have one open incident, and another once it has closed', async () => {
    const store = await open()
    await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
    const second = store.transaction('test', (tx) => tx.openIncidents([sampleIncident({ id: 'i2' })]))
    await expect(second).rejects.toMatchObject({ code: 'stale_write' })
    await store.transaction('test', async (tx) => {
      await tx.saveIncident(sampleIncident({ state: 'closed', closedAt: noon, dueAt: null }))
      await tx.openIncidents([sampleIncident({ id: 'i2' })])
    })
    const reopen = store.transaction('test', (tx) => tx.saveIncident(sampleIncident({ version: 2 })))
    await expect(reopen).rejects.toMatchObject({ code: 'stale_write' })
    expect((await store.read.incident('i1'))?.state).toBe('closed')
  })

  test('of many who open the same incident at once, one does', async () => {
    const store = await open()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        store.transaction('test', (tx) => tx.openIncidents([sampleIncident({ id: `i${index}` })])),
      ),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await store.read.incidents({ limit: 100 })).toHaveLength(1)
  })

  test('of many who save the same version at once, one does, and the others learn that they are late', async () => {
    const store = await open()
    await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        store.transaction('test', (tx) => tx.saveIncident(sampleIncident({ reason: `by ${index}` }))),
      ),
    )
    const lost = results.filter((result) => result.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => hasCode(reason, 'stale_write'))).toBe(true)
    expect((await store.read.incident('i1'))?.version).toBe(2)
  })

  test('saving an unknown incident is a stale write', async () => {
    const store = await open()
    const save = store.transaction('test', (tx) => tx.saveIncident(sampleIncident()))
    await expect(save).rejects.toMatchObject({ code: 'stale_write' })
  })

  test('the store takes every legal change of state and no other', async () => {
    const store = await open()
    const wrong: string[] = []
    for (const from of incidentStates) {
      for (const to of incidentStates) {
        const result = await changeState(store, from, to)
        if (result !== (transitions[from].includes(to) ? 'saved' : 'refused')) wrong.push(`${from} → ${to}: ${result}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('the latest incident is the open one, or else the one closed last', async () => {
    const store = await open()
    const { playbook, target } = sampleIncident()
    expect(await store.read.latestIncident(playbook, target)).toBe(null)
    const closed = { state: 'closed', dueAt: null } as const
    await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident({ id: 'i1', ...closed, closedAt: noon + 9 })])
      await tx.openIncidents([sampleIncident({ id: 'i2', ...closed, closedAt: noon + 5 })])
      await tx.openIncidents([sampleIncident({ id: 'i9', playbook: 'other' })])
    })
    expect((await store.read.latestIncident(playbook, target))?.id).toBe('i1')
    await store.transaction('test', (tx) => tx.openIncidents([sampleIncident({ id: 'i0', state: 'handed_over' })]))
    expect((await store.read.latestIncident(playbook, target))?.id).toBe('i0')
  })

  test('the latest incidents of many targets are those that would be found one by one', async () => {
    const store = await open()
    const { playbook } = sampleIncident()
    const closed = { state: 'closed', dueAt: null } as const
    const targets = Array.from({ length: 300 }, (_, index) => `redis/${index}`)
    await store.transaction('test', (tx) =>
      tx.openIncidents([
        ...targets.slice(0, 290).map((target, index) => {
          const state = index % 3 === 0 ? {} : { ...closed, closedAt: noon + index }
          return sampleIncident({ id: `a${index}`, target, ...state })
        }),
        ...targets.slice(0, 200).map((target, index) => {
          return sampleIncident({ id: `b${index}`, target, ...closed, closedAt: noon + 100 })
        }),
        sampleIncident({ id: 'other', playbook: 'other', target: 'redis/295' }),
      ]),
    )
    const found = await store.read.latestIncidents(playbook, targets)
    const expected = await Promise.all(targets.map((target) => store.read.latestIncident(playbook, target)))
    const ids = (incidents: readonly (Incident | null)[]) => incidents.flatMap((one) => one?.id ?? []).sort()
    expect(ids(found)).toEqual(ids(expected))
    expect(found).toHaveLength(290)
  })

  test('incidents are listed newest first and by every filter', async () => {
    const store = await open()
    await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident({ id: 'i1', target: 'redis/a', openedAt: noon })])
      await tx.openIncidents([sampleIncident({ id: 'i2', target: 'redis/b', openedAt: noon + 1, state: 'waiting' })])
      await tx.openIncidents([sampleIncident({ id: 'i3', target: 'redis/c', state: 'closed', ending: 'healed' })])
      await tx.openIncidents([sampleIncident({ id: 'i4', target: 'redis/d', playbook: 'other', openedAt: noon + 3 })])
      await tx.openIncidents([sampleIncident({ id: 'i5', target: 'redis/e', state: 'closed', ending: 'refused' })])
    })
    const ids = async (filter: object) =>
      (await store.read.incidents({ limit: 10, ...filter })).map(({ id }) => id).join(' ')
    expect(await ids({})).toBe('i5 i4 i3 i2 i1')
    expect(await ids({ limit: 2 })).toBe('i5 i4')
    expect(await ids({ before: 'i3' })).toBe('i2 i1')
    expect(await ids({ states: ['waiting', 'closed'] })).toBe('i5 i3 i2')
    expect(await ids({ states: ['open', 'waiting'] })).toBe('i4 i2 i1')
    expect(await ids({ states: [] })).toBe('')
    expect(await ids({ endings: ['healed'] })).toBe('i3')
    expect(await ids({ endings: ['healed', 'refused', 'healed'] })).toBe('i5 i3')
    expect(await ids({ endings: ['refused', 'healed'], limit: 1 })).toBe('i5')
    expect(await ids({ endings: [] })).toBe('')
    expect(await ids({ playbook: 'other' })).toBe('i4')
    expect(await ids({ target: 'redis/b' })).toBe('i2')
    expect(await ids({ since: noon + 1 })).toBe('i4 i2')
    expect(await ids({ states: ['open'], since: noon + 1, playbook: 'other', limit: 1 })).toBe('i4')
  })

  test('due incidents come most overdue first, and the next due time is known', async () => {
    const store = await open()
    expect(await store.read.nextDueAt()).toBe(null)
    await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident({ id: 'i1', target: 'redis/a', dueAt: noon + 20 })])
      await tx.openIncidents([sampleIncident({ id: 'i2', target: 'redis/b', dueAt: noon + 10 })])
      await tx.openIncidents([sampleIncident({ id: 'i3', target: 'redis/c', dueAt: noon + 30 })])
      await tx.openIncidents([sampleIncident({ id: 'i4', target: 'redis/d', dueAt: null, state: 'closed' })])
    })
    expect(await store.read.due(noon + 9, 10)).toEqual([])
    expect(await store.read.due(noon + 20, 10)).toEqual(['i2', 'i1'])
    expect(await store.read.due(noon + 99, 2)).toEqual(['i2', 'i1'])
    expect(await store.read.nextDueAt()).toBe(noon + 10)
  })

  test('incidents are counted by state, with zero for the states that have none', async () => {
    const store = await open()
    await store.transaction('test', async (tx) => {
      await tx.openIncidents([sampleIncident({ id: 'i1', target: 'redis/a' })])
      await tx.openIncidents([sampleIncident({ id: 'i2', target: 'redis/b' })])
      await tx.openIncidents([sampleIncident({ id: 'i3', target: 'redis/c', state: 'closed' })])
    })
    const none = Object.fromEntries(incidentStates.map((state) => [state, 0]))
    expect(await store.read.incidentCounts()).toEqual({ ...none, open: 2, closed: 1 })
  })
}

async function changeState(store: Store, from: IncidentState, to: IncidentState): Promise<string> {
  const incident = sampleIncident({ id: `${from}-${to}`, target: `redis/${from}-${to}`, state: from })
  await store.transaction('test', (tx) => tx.openIncidents([incident]))
  try {
    await store.transaction('test', (tx) => tx.saveIncident({ ...incident, state: to }))
    return (await store.read.incident(incident.id))?.state === to ? 'saved' : 'lost'
  } catch (error) {
    const unchanged = (await store.read.incident(incident.id))?.version === incident.version
    return hasCode(error as Error, 'stale_write') || !unchanged ? 'wrong error' : 'refused'
  }
}
