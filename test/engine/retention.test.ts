import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { readAuditKeys } from '../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../src/adapters/store/verify-log.ts'
import type { Store } from '../../src/engine/ports.ts'
import { openIn, temporaryFolder } from '../adapters/store/open-store.ts'
import {
  noon,
  placeIn,
  sampleAlert,
  sampleAttempt,
  sampleEvent,
  sampleIncident,
  sampleMessage,
} from '../adapters/store/samples.ts'
import { openToTamper } from '../adapters/store/tampering.ts'
import { day, pruneAll } from '../kit/pruning.ts'

const verify = (folder: string) => {
  const { file, keyFile } = placeIn(folder)
  return verifyLog({ file, keys: readAuditKeys(keyFile) })
}

const numbers = async (store: Store) => (await store.read.audit({ limit: 10_000 })).map(({ seq }) => seq)

/** One event a day, from the first day after noon on. */
async function eventsOfDays(store: Store, days: number, incident: (day: number) => string | null = () => null) {
  await store.transaction('test', (tx) =>
    tx.append(
      Array.from({ length: days }, (_, index) =>
        sampleEvent({ at: noon + (index + 1) * day, incident: incident(index + 1) }),
      ),
    ),
  )
}

test('without a rule nothing goes, however old it is', async () => {
  const store = await openIn(temporaryFolder())
  await eventsOfDays(store, 30)
  await pruneAll(store, { now: noon + 40_000 * day })
  expect(await numbers(store)).toHaveLength(30)
})

test('what is older than the age goes, and an event of the chain says so', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await eventsOfDays(store, 30)
  const before = await store.read.audit({ limit: 100 })
  await pruneAll(store, { now: noon + 31 * day, auditMs: 10 * day })
  const left = await store.read.audit({ limit: 100 })
  expect(left.map(({ seq }) => seq)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31])
  expect(left.at(-1)).toMatchObject({
    type: 'retention.pruned',
    actor: 'engine',
    body: {
      rule: 'age',
      limit: 10 * day,
      from: 1,
      to: 20,
      events: 20,
      mac: before[19]?.mac,
      keyId: before[19]?.keyId,
      gaps: 1,
    },
  })
  expect(await verify(folder)).toMatchObject({ ok: true, pruned: { count: 20, to: 20, rule: 'age' } })
})

test('over played years the log stays as long as its age, and verifies after each pruning', {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  for (let month = 1; month <= 36; month++) {
    const at = noon + month * 30 * day
    await store.transaction('test', (tx) =>
      tx.append(Array.from({ length: 60 }, (_, hour) => sampleEvent({ at: at + hour * 3_600_000 }))),
    )
    await pruneAll(store, { now: at + 3 * day, auditMs: 90 * day })
    if (month % 12 === 0) expect(await verify(folder)).toMatchObject({ ok: true })
    // Three months of events, and of the prunings the ones of that time.
    if (month > 4) expect((await numbers(store)).length).toBeLessThan(4 * 60)
  }
  expect(await store.read.gaps()).toHaveLength(1)
})

test('events of incidents that are open or closed within the age stay, and go once their time has come', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) =>
    tx.openIncidents([sampleIncident({ id: 'open', target: 'a' }), sampleIncident({ id: 'late', target: 'b' })]),
  )
  await store.transaction('test', async (tx) => {
    const incident = await tx.incident('late')
    await tx.saveIncident({ ...incident!, state: 'closed', ending: 'healed', closedAt: noon + 25 * day, dueAt: null })
  })
  await eventsOfDays(store, 30, (day) => ({ 2: 'open', 4: 'late', 5: 'late' })[day] ?? null)
  await pruneAll(store, { now: noon + 31 * day, auditMs: 10 * day })
  expect((await numbers(store)).slice(0, 4)).toEqual([2, 4, 5, 21])
  expect(await store.read.gaps()).toMatchObject([
    { from: 1, to: 1 },
    { from: 3, to: 3 },
    { from: 6, to: 20 },
  ])
  await pruneAll(store, { now: noon + 36 * day, auditMs: 10 * day })
  expect((await numbers(store)).slice(0, 2)).toEqual([2, 26])
  expect(await verify(folder)).toMatchObject({ ok: true, pruned: { count: 24 } })
})

test('a log that was tampered with is not pruned, so that the traces stay', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await eventsOfDays(store, 30)
  const db = openToTamper(placeIn(folder).file)
  db.exec("delete from audit where seq = 7; update audit set body = '{}' where seq = 9")
  db.close()
  const { logged } = await pruneAll(store, { now: noon + 31 * day, auditMs: 10 * day })
  expect(logged).toEqual(['the audit log does not verify: it is pruned no further'])
  expect(await numbers(store)).toHaveLength(29)
})

test('pruning comes to its end before the first event that does not verify, and says that it goes no further', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await eventsOfDays(store, 400)
  const db = openToTamper(placeIn(folder).file)
  db.exec("update audit set body = '{}' where seq = 350")
  db.close()
  const prune = () => pruneAll(store, { now: noon + 401 * day, auditMs: 10 * day })
  const { logged } = await prune()
  expect(logged).toEqual(['the audit log does not verify: it is pruned no further'])
  const [oldest = 0] = await numbers(store)
  expect(oldest).toBeGreaterThan(1)
  expect(oldest).toBeLessThanOrEqual(350)
  await prune()
  const left = await numbers(store)
  expect(left.filter((seq) => seq <= 400)).toEqual(
    Array.from({ length: 401 - left[0]! }, (_, index) => left[0]! + index),
  )
  expect(left[0]).toBeLessThanOrEqual(350)
  expect(await verify(folder)).toMatchObject({ ok: false, seq: 350 })
})

test('an incident that was opened again between the look and the removal keeps its events', async () => {
  const store = await openIn(temporaryFolder())
  await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
  const close = (open: boolean) =>
    store.transaction('test', async (tx) => {
      const incident = (await tx.incident('i1'))!
      const ended = { state: 'closed', ending: 'healed', closedAt: noon, dueAt: null } as const
      await tx.saveIncident(
        open ? { ...incident, state: 'open', closedAt: null, ending: null } : { ...incident, ...ended },
      )
    })
  await close(false)
  await eventsOfDays(store, 5, () => 'i1')
  const found = await store.prunable.next({
    before: noon + 9 * day,
    closedBefore: Number.POSITIVE_INFINITY,
    rowsMax: 100,
  })
  if (!found.ok || found.events === null) throw new Error('nothing was found')
  await close(true)
  const { events } = found
  expect(await store.transaction('test', (tx) => tx.removeEvents(events))).toBe(false)
  expect(await numbers(store)).toHaveLength(5)
})

test('what belongs to the past goes with it, but nothing that a rule of healing could still ask about', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const now = noon + 100 * day
  const closed = (id: string, daysAgo: number, tried: boolean, more = {}) => ({ id, daysAgo, tried, more })
  const incidents = [
    closed('old', 95, true),
    closed('old-untried', 95, false),
    closed('in-budget', 29, true),
    closed('out-of-budget', 32, true),
    closed('may-reopen', 6, false),
    closed('may-not-reopen', 8, false),
    closed('still-fires', 95, false),
  ]
  await store.transaction('test', async (tx) => {
    for (const { id, daysAgo, tried } of incidents) {
      const at = now - daysAgo * day
      await tx.openIncidents([sampleIncident({ id, target: id })])
      await tx.saveAlerts([
        sampleAlert({ fingerprint: id, status: id === 'still-fires' ? 'firing' : 'resolved', lastSeenAt: at }),
      ])
      await tx.attach([{ incident: id, source: 'main', fingerprint: id }])
      if (tried) {
        const attempt = sampleAttempt({ id: `t-${id}`, incident: id, target: id, intendedAt: at })
        await tx.insertAttempt(attempt)
        await tx.saveAttempt({ ...attempt, phase: 'concluded', outcome: 'healed', concludedAt: at })
      }
      const incident = (await tx.incident(id))!
      await tx.saveIncident({ ...incident, state: 'closed', ending: 'healed', closedAt: at, dueAt: null })
    }
    await tx.openIncidents([sampleIncident({ id: 'open', target: 'open', openedAt: noon })])
    await tx.saveAlerts([
      sampleAlert({ fingerprint: 'of-open', status: 'resolved', lastSeenAt: noon }),
      sampleAlert({ fingerprint: 'unattached', status: 'resolved', lastSeenAt: now - 3 * day }),
      sampleAlert({ fingerprint: 'fresh', status: 'resolved', lastSeenAt: now - day }),
      sampleAlert({ fingerprint: 'firing', lastSeenAt: noon }),
    ])
    await tx.attach([{ incident: 'open', source: 'main', fingerprint: 'of-open' }])
    await tx.enqueue(sampleMessage({ id: 'sent', dedupeKey: 'sent', createdAt: noon, sentAt: noon }))
    await tx.enqueue(sampleMessage({ id: 'given-up', dedupeKey: 'given-up', createdAt: noon, gaveUpAt: noon }))
    await tx.enqueue(sampleMessage({ id: 'waits', dedupeKey: 'waits', createdAt: noon }))
    const called = { id: 'called', dedupeKey: 'called', incident: 'open', createdAt: noon, sentAt: noon }
    await tx.enqueue(sampleMessage({ ...called, body: { event: 'incident.handed_over' } }))
    await tx.append([sampleEvent({ at: noon })])
  })
  // An age of one day would take all of it: what healing asks about is kept longer, whatever the rule says.
  await pruneAll(store, { now, auditMs: day })
  expect(ids(folder, 'select id from incidents')).toEqual(['in-budget', 'may-reopen', 'open', 'still-fires'])
  expect(ids(folder, 'select id from attempts')).toEqual(['t-in-budget'])
  expect(ids(folder, 'select i.id from incident_alerts j join incidents i on i.key = j.incident')).toEqual([
    'in-budget',
    'may-reopen',
    'open',
    'still-fires',
  ])
  expect(ids(folder, 'select fingerprint as id from alerts')).toEqual([
    'firing',
    'fresh',
    'in-budget',
    'may-reopen',
    'of-open',
    'still-fires',
  ])
  expect(ids(folder, 'select id from outbox')).toEqual(['called', 'waits'])
  const pruned = await store.read.audit({ types: ['retention.pruned'], limit: 10 })
  const sum = (what: string) => pruned.reduce((all, { body }) => all + Number(body?.[what] ?? 0), 0)
  expect([sum('incidents'), sum('attempts'), sum('alerts'), sum('messages')]).toEqual([4, 2, 5, 2])
  expect(await verify(folder)).toMatchObject({ ok: true })
})

test('the rule of size takes the oldest until the store is small enough, and never the last day', {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const text = 'x'.repeat(2_000)
  for (let index = 0; index < 40; index++) {
    const at = noon + index * 3_600_000
    await store.transaction('test', (tx) =>
      tx.append(Array.from({ length: 100 }, () => sampleEvent({ at, body: { text } }))),
    )
  }
  const now = noon + 40 * 3_600_000
  const full = store.size().liveBytes
  const { logged } = await pruneAll(store, { now, bytesMax: full - 500_000 })
  expect(store.size().liveBytes).toBeLessThan(0.9 * (full - 500_000))
  expect(store.size().liveBytes).toBeGreaterThan(0.8 * (full - 500_000))
  expect(logged).toEqual([])
  // The last 24 of 40 hours are more than that.
  const tight = await pruneAll(store, { now, bytesMax: 1_000_000 })
  expect(tight.logged).toEqual(['the store is larger than retention.maxBytes, and nothing more of it may go'])
  const left = await store.read.audit({ limit: 10_000 })
  expect(left.filter(({ type }) => type === 'alert.changed')).toHaveLength(2_400)
  expect(left.at(-1)?.body).toMatchObject({ rule: 'bytes', limit: 1_000_000 })
  expect(await verify(folder)).toMatchObject({ ok: true, pruned: { count: expect.any(Number), rule: 'bytes' } })
})

function ids(folder: string, query: string): string[] {
  using db = new DatabaseSync(placeIn(folder).file, { readOnly: true })
  return db
    .prepare(query)
    .all()
    .map(({ id }) => String(id))
    .sort()
}
