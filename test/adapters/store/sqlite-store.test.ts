import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { readAuditKeys, rotateAuditKey } from '../../../src/adapters/store/audit-key.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import { storeContract } from './contract.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { noon, placeIn, sampleAlert, sampleAttempt, sampleEvent, sampleIncident, sampleMessage } from './samples.ts'

storeContract('SQLite', () => openIn(temporaryFolder()))

test('everything is there again after a restart, and the chain goes on', async () => {
  const folder = temporaryFolder()
  const first = await openIn(folder)
  await first.transaction('test', async (tx) => {
    await tx.saveAlerts([sampleAlert()])
    await tx.openIncidents([sampleIncident()])
    await tx.append([sampleEvent()])
  })
  await first.close()
  const second = await openIn(folder)
  expect(await second.read.alerts('main', ['a1'])).toEqual([sampleAlert()])
  expect(await second.read.incident('i1')).toEqual(sampleIncident())
  await second.transaction('test', (tx) => tx.append([sampleEvent()]))
  await second.close()
  const { file, keyFile } = placeIn(folder)
  expect(await verifyLog({ file, keys: readAuditKeys(keyFile) })).toMatchObject({ ok: true, count: 2 })
})

test('the files of the store are private', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append([sampleEvent()]))
  const { file, keyFile } = placeIn(folder)
  for (const path of [file, `${file}-wal`, keyFile]) expect(statSync(path).mode & 0o777, path).toBe(0o600)
})

test('a store written by a newer version is refused and left alone', async () => {
  const folder = temporaryFolder()
  await (await openIn(folder)).close()
  const { file } = placeIn(folder)
  const db = new DatabaseSync(file)
  db.exec('pragma user_version = 99')
  db.close()
  await expect(openIn(folder)).rejects.toThrow(
    /written by a newer Hepar \(schema 99, this one knows \d+\): start the newer/,
  )
})

test('a store written by an earlier version is brought to this one, and loses nothing', async () => {
  const folder = temporaryFolder()
  const first = await openIn(folder)
  await first.transaction('test', async (tx) => {
    await tx.openIncidents([sampleIncident()])
    await tx.insertAttempt(sampleAttempt())
    await tx.insertAttempt(
      sampleAttempt({
        ...{ id: 't0', target: 'other', phase: 'concluded' },
        outcome: 'healed',
        concludedAt: noon + 700,
      }),
    )
    await tx.enqueue(sampleMessage({ incident: 'i1', sentAt: 1, body: { event: 'incident.handed_over' } }))
  })
  await first.close()
  const db = new DatabaseSync(placeIn(folder).file)
  db.exec(`drop table trials; drop table demotions; drop table own_effects;
    update attempts set data = json_remove(data, '$.stepKey', '$.before'); drop trigger audit_keep; drop table audit_gaps;
    create trigger audit_keep before delete on audit begin select raise(abort, 'the audit log is append-only'); end;
    drop index incidents_closed_at; drop index alerts_resolved; drop index outbox_done; drop index incidents_ending;
    drop index outbox_lane; drop index outbox_due; alter table outbox drop column subject; alter table outbox drop column receipt;
    create index outbox_due on outbox (next_at) where sent_at is null and gave_up_at is null;
    drop index audit_arrivals; drop table pauses; drop index incidents_open_target; drop index incidents_waiting_at;
    drop table left_alone; drop index attempts_begun; drop index attempts_of_playbook; drop index attempts_of_target;
    alter table attempts drop column ill_since; alter table attempts drop column pardoned;
    drop index incidents_due; create index incidents_due on incidents (due_at) where due_at is not null;
    drop table approvals; drop table remainders; drop table holds; drop table tokens; drop index attempts_active;
    create unique index attempts_one_holds on attempts (target) where phase <> 'concluded'; drop index attempts_one_in_force;
    alter table attempts drop column reverts; alter table attempts drop column in_force;
    update attempts set data = json_remove(data, '$.holdMs');
    update incidents set data = json_remove(data, '$.holdUntil'); pragma user_version = 1`)
  db.close()
  const second = await openIn(folder)
  expect(await second.read.incident('i1')).toEqual(sampleIncident())
  expect(await second.read.attempt('t1')).toEqual(sampleAttempt())
  expect(await second.read.remainders()).toEqual([])
  expect(await second.read.channelsToldOf('i1')).toEqual(['oncall'])
  expect((await second.read.holder([sampleAttempt().target]))?.id).toBe('t1')
  expect(await second.read.trials({ playbook: 'container-unhealthy', since: 0, limit: 9 })).toEqual([
    {
      ...{ playbook: 'container-unhealthy', revision: '', step: 'container-restart', action: 'container-restart' },
      ...{ targetClass: '', target: 'other', incident: 'i1', outcome: 'healed', at: noon + 700, tookMs: 700 },
      ...{ relapsed: false, wellBefore: null },
    },
  ])
})

test('a database of another program is refused', async () => {
  const folder = temporaryFolder()
  const db = new DatabaseSync(placeIn(folder).file)
  db.exec('create table theirs (a)')
  db.close()
  await expect(openIn(folder)).rejects.toThrow('is a database of another program')
})

test('the log cannot be changed or shortened through the database, only erased', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append([sampleEvent(), sampleEvent()]))
  const { file, keyFile } = placeIn(folder)
  const db = new DatabaseSync(file)
  for (const change of [
    'delete from audit',
    "update audit set actor = 'x'",
    "update audit set body = '{}'",
    'update audit set seq = seq + 5',
  ]) {
    expect(() => db.exec(change), change).toThrow('append-only')
  }
  db.exec('update audit set body = null where seq = 1')
  db.close()
  expect((await store.read.audit({ limit: 1 }))[0]?.body).toBe(null)
  expect(await verifyLog({ file, keys: readAuditKeys(keyFile) })).toMatchObject({ ok: true, count: 2, erased: 1 })
})

test('a new key is announced in the log at the next start, once', async () => {
  const folder = temporaryFolder()
  const { file, keyFile } = placeIn(folder)
  const first = await openIn(folder)
  await first.transaction('test', (tx) => tx.append([sampleEvent()]))
  await first.close()
  const oldId = readAuditKeys(keyFile).current.id
  const newId = rotateAuditKey(keyFile)
  for (let start = 0; start < 2; start++) await (await openIn(folder)).close()
  const store = await openIn(folder)
  await store.transaction('test', (tx) => tx.append([sampleEvent()]))
  const events = await store.read.audit({ limit: 9 })
  expect(events.map(({ type, keyId }) => [type, keyId])).toEqual([
    ['alert.changed', oldId],
    ['audit.key_changed', newId],
    ['alert.changed', newId],
  ])
  expect(events[1]?.body).toEqual({ from: oldId, to: newId })
  expect(await verifyLog({ file, keys: readAuditKeys(keyFile) })).toMatchObject({ ok: true, count: 3 })
})

test('frequent reads are served by an index', async () => {
  const folder = temporaryFolder()
  await openIn(folder)
  const db = new DatabaseSync(placeIn(folder).file, { readOnly: true })
  const plan = (sql: string) =>
    (db.prepare(`explain query plan ${sql}`).all() as { detail: string }[]).map(({ detail }) => detail).join('; ')
  const lane = "iif(state in ('open', 'waiting', 'awaiting_approval', 'handed_over'), playbook, '')"
  const where = {
    'incidents_due (<expr>=? AND due_at>? AND due_at<?)': `select id from incidents where due_at is not null and ${lane} = 'p' and due_at <= 1
      order by due_at, key limit 5`,
    'incidents_due (<expr>>?)': `select ${lane} from incidents where due_at is not null and ${lane} > 'p' order by ${lane} limit 1`,
    'COVERING INDEX attempts_begun': `select count(*), min(intended_at) from attempts
      where outcome is distinct from 'cancelled' and reverts is null and intended_at > 1`,
    'COVERING INDEX attempts_of_playbook': `select count(*), min(intended_at) from attempts
      where outcome is distinct from 'cancelled' and reverts is null and playbook = 'p' and intended_at > 1`,
    attempts_of_target: "select count(*) from attempts where target = 'a' and pardoned = 0 and intended_at > 1",
    incidents_one_open: "select * from incidents where playbook = 'a' and target = 'b' and state <> 'closed'",
    incidents_closed: `select * from incidents where playbook = 'a' and target = 'b' and state = 'closed'
      order by closed_at desc, key desc limit 1`,
    incidents_state: "select * from incidents where state in ('closed') order by key desc limit 9",
    incidents_ending: "select * from incidents where ending in ('refused') and key < 7 order by key desc limit 9",
    incidents_target: "select * from incidents where target = 'a' and key < 7 order by key desc limit 9",
    'SCAN incidents': `select * from incidents where coalesce(state, '') in ('open', 'closed')
      order by key desc limit 9`,
    attempts_active: "select * from attempts where phase <> 'concluded'",
    sqlite_autoindex_holds: "select attempts.* from attempts join holds on holds.attempt = id where object = 'a'",
    alerts_firing: "select * from alerts where status = 'firing' and key > 7 order by key limit 9",
    alerts_identity: "select * from alerts where source = 'a' and fingerprint in (x'01', x'02')",
    outbox_due: `select * from outbox where sent_at is null and gave_up_at is null and channel = 'a' and next_at <= 1
      order by next_at, rowid`,
    outbox_lane: "select * from outbox where subject = 'a' and subject <> '' and channel = 'b' order by rowid",
    audit_incident: "select * from audit where incident = 'a' and seq > 1 order by seq limit 9",
    audit_type: "select * from audit where type = 'a' and seq > 1 order by seq limit 9",
  }
  for (const [index, sql] of Object.entries(where)) {
    expect(plan(sql)).toContain(index)
    expect(plan(sql), sql).not.toContain('USE TEMP B-TREE FOR ORDER BY')
  }
  db.close()
})

test('a generator URL is stored once for all alerts that share it, up to a limit, and read back in any case', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const alert = (index: number) => ({
    fingerprint: `f${index}`,
    generatorURL: `http://prometheus/${Math.floor(index / 2)}`,
  })
  const records = Array.from({ length: 20_100 }, (_, index) => sampleAlert(alert(index)))
  await store.transaction('test', (tx) => tx.saveAlerts(records.slice(0, 20_050)))
  await store.transaction('test', (tx) => tx.saveAlerts(records.slice(20_050)))
  await store.transaction('test', (tx) => tx.saveAlerts([sampleAlert({ ...alert(3), generatorURL: '' })]))
  const found = await store.read.alerts('main', ['f2', 'f3', 'f20098', 'f20099'])
  expect(found.map(({ fingerprint, generatorURL }) => `${fingerprint} ${generatorURL}`).sort()).toEqual([
    'f2 http://prometheus/1',
    'f20098 http://prometheus/10049',
    'f20099 http://prometheus/10049',
    'f3 ',
  ])
  const db = new DatabaseSync(placeIn(folder).file, { readOnly: true })
  expect(db.prepare('select count(*) as n, count(distinct url) as urls from generators').get()).toEqual({
    n: 10_000,
    urls: 10_000,
  })
  db.close()
})

test('a generator URL whose transaction failed is not relied on by the next one', async () => {
  const store = await openIn(temporaryFolder())
  const shared = { generatorURL: 'http://prometheus/shared' }
  const results = await Promise.allSettled([
    store.transaction('test', async (tx) => {
      await tx.saveAlerts([sampleAlert({ fingerprint: 'lost', ...shared })])
      throw new Error('on purpose')
    }),
    store.transaction('test', (tx) => tx.saveAlerts([sampleAlert({ fingerprint: 'kept', ...shared })])),
  ])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(await store.read.alerts('main', ['lost', 'kept'])).toEqual([sampleAlert({ fingerprint: 'kept', ...shared })])
})
