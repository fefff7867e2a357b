import { expect, test } from 'vitest'
import type { AlertRecord } from '../../../src/domain/alert.ts'
import type { OpenStore } from './contract.ts'
import { bare, noon, sampleAlert, sampleIncident } from './samples.ts'

export function alertContract(open: OpenStore): void {
  test('an alert is read back exactly as it was saved', async () => {
    const store = await open()
    const odd = sampleAlert({
      fingerprint: 'odd',
      labels: bare({ ['__proto__']: 'a label', constructor: 'another', emoji: '🫀', zero: 'a\u0000b' }),
      status: 'resolved',
      resolvedAt: noon + 3,
      resolvedBy: 'oracle',
      resolvedConfirmed: true,
      playbooks: [],
    })
    await store.transaction('test', (tx) => tx.saveAlerts([sampleAlert(), odd]))
    expect(await store.read.alerts('main', ['a1'])).toEqual([sampleAlert()])
    const [read] = await store.read.alerts('main', ['odd'])
    expect(read).toEqual(odd)
    expect(Object.entries(read?.labels ?? {})).toEqual(Object.entries(odd.labels))
    expect(Object.getPrototypeOf(read?.labels)).toBe(null)
  })

  test('an alert is known by source and fingerprint, and saved again it is replaced', async () => {
    const store = await open()
    await store.transaction('test', (tx) =>
      tx.saveAlerts([sampleAlert(), sampleAlert({ source: 'other', reason: 'of the other source' })]),
    )
    const later = sampleAlert({ status: 'resolved', lastSeenAt: noon + 99, episode: 'e2', decision: 'resolved' })
    await store.transaction('test', (tx) => tx.saveAlerts([sampleAlert({ reason: 'overtaken' }), later]))
    expect(await store.read.alerts('main', ['a1', 'unknown'])).toEqual([later])
    expect((await store.read.alerts('other', ['a1']))[0]?.reason).toBe('of the other source')
  })

  test('thousands of alerts are saved and looked up in one call', async () => {
    const store = await open()
    const records = Array.from({ length: 2_345 }, (_, index) => sampleAlert({ fingerprint: `f${index}` }))
    await store.transaction('test', (tx) => tx.saveAlerts(records))
    const fingerprints = records.map(({ fingerprint }) => fingerprint)
    const found = await store.read.alerts('main', [...fingerprints, 'unknown'])
    expect(found.map(({ fingerprint }) => fingerprint).sort()).toEqual([...fingerprints].sort())
    expect(await store.read.alerts('main', [])).toEqual([])
  })

  test('firing alerts come as they were first seen, page by page, without the resolved ones', async () => {
    const store = await open()
    const keys = [
      ['b', '2'],
      ['a', '3'],
      ['a', '1'],
      ['b', '1'],
      ['c', '0'],
    ] as const
    const records = keys.map(([source, fingerprint]) => sampleAlert({ source, fingerprint }))
    const resolved = sampleAlert({ source: 'a', fingerprint: '2', status: 'resolved' })
    await store.transaction('test', (tx) => tx.saveAlerts([...records, resolved]))
    const again = { ...sampleAlert({ source: 'b', fingerprint: '2' }), reason: 'seen again' }
    await store.transaction('test', (tx) => tx.saveAlerts([again]))
    const names = (page: readonly AlertRecord[]) => page.map(({ source, fingerprint }) => source + fingerprint)
    const first = await store.read.firingAlerts({ limit: 3 })
    expect(names(first.records)).toEqual(['b2', 'a3', 'a1'])
    const second = await store.read.firingAlerts({ after: first.next ?? 0, limit: 3 })
    expect(names(second.records)).toEqual(['b1', 'c0'])
    expect(second.next).toBe(null)
    expect((await store.read.firingAlerts({ limit: 5 })).next).toBe(null)
  })

  test('attached alerts lead to their open incidents and back', async () => {
    const store = await open()
    const alerts = [sampleAlert(), sampleAlert({ fingerprint: 'a2' })]
    await store.transaction('test', async (tx) => {
      await tx.saveAlerts(alerts)
      await tx.openIncidents([sampleIncident()])
      await tx.openIncidents([sampleIncident({ id: 'i2', target: 'container/local/db' })])
      await tx.attach(alerts.map((alert) => ({ incident: 'i1', ...alert })))
      await tx.attach(alerts.map((alert) => ({ incident: 'i1', ...alert })))
      await tx.attach([{ incident: 'i2', source: 'main', fingerprint: 'a2' }])
    })
    expect(await store.read.alertsOf('i1')).toEqual(alerts)
    expect(await store.read.alertsOf('unknown')).toEqual([])
    expect((await store.read.openIncidentsOf('main', 'a2')).map(({ id }) => id)).toEqual(['i1', 'i2'])
    await store.transaction('test', (tx) => tx.saveIncident(sampleIncident({ state: 'closed', dueAt: null })))
    expect((await store.read.openIncidentsOf('main', 'a2')).map(({ id }) => id)).toEqual(['i2'])
    expect(await store.read.openIncidentsOf('main', 'a1')).toEqual([])
  })

  test('alerts cannot be attached to an incident that does not exist', async () => {
    const store = await open()
    const attach = store.transaction('test', (tx) => tx.attach([{ incident: 'unknown', ...sampleAlert() }]))
    await expect(attach).rejects.toThrow('NOT NULL constraint failed: incident_alerts.incident')
    expect(store.health().ok).toBe(true)
  })
}
