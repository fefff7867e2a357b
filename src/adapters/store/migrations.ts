import { HeparError } from '../../engine/errors.ts'
import type { Sqlite } from './sqlite.ts'

/** `HEPA`: marks a database file as a store of Hepar. */
const applicationId = 0x48455041

/** Statement lists, applied in order, each in a transaction of its own; never edited once released. */
export const migrations: readonly (readonly string[])[] = [
  [
    'create table generators (key integer primary key, url text not null unique)',
    `create table alerts (
      key integer primary key, source text not null, fingerprint blob not null, status text not null,
      starts_at bigint not null, first_seen_at bigint not null, last_seen_at bigint not null, decision text not null, episode blob not null,
      receiver text not null, rules_revision text not null, generator integer references generators (key),
      data text not null)`,
    'create unique index alerts_identity on alerts (source, fingerprint)',
    `create index alerts_firing on alerts (status) where status = 'firing'`,

    `create table incidents (
      key integer primary key, id blob not null unique, playbook text not null, target text not null, state text not null, ending text,
      opened_at bigint not null, closed_at bigint, due_at bigint, version integer not null, data text not null)`,
    `create unique index incidents_one_open on incidents (playbook, target) where state <> 'closed'`,
    `create index incidents_closed on incidents (playbook, target, closed_at) where state = 'closed'`,
    'create index incidents_due on incidents (due_at) where due_at is not null',
    'create index incidents_state on incidents (state)',
    'create index incidents_playbook on incidents (playbook)',
    'create index incidents_target on incidents (target)',

    `create table incident_alerts (
      incident integer not null references incidents (key), alert integer not null references alerts (key),
      primary key (incident, alert)) without rowid`,
    'create index incident_alerts_alert on incident_alerts (alert)',

    `create table attempts (
      id text primary key, incident blob not null references incidents (id), playbook text not null,
      target text not null, step integer not null, action text not null, phase text not null, fence integer not null,
      intended_at bigint not null, concluded_at bigint, outcome text, data text not null)`,
    `create unique index attempts_one_holds on attempts (target) where phase <> 'concluded'`,
    'create index attempts_incident on attempts (incident, intended_at)',
    'create index attempts_history on attempts (playbook, target, intended_at)',

    `create table outbox (
      id text primary key, dedupe_key text not null unique, incident text not null, channel text not null,
      body text not null, created_at bigint not null, tries integer not null, next_at bigint not null,
      sent_at bigint, gave_up_at bigint, last_error text)`,
    'create index outbox_due on outbox (next_at) where sent_at is null and gave_up_at is null',

    'create table settings (name text primary key, value text not null)',

    `create table audit (
      seq integer primary key, type text not null, at bigint not null, actor text not null, incident blob,
      attempt text, playbook text, target text, body text, digest blob not null, key_id text not null,
      mac blob not null)`,
    'create index audit_incident on audit (incident) where incident is not null',
    'create index audit_type on audit (type)',
    `create trigger audit_keep before delete on audit
      begin select raise(abort, 'the audit log is append-only'); end`,
    `create trigger audit_fixed
      before update of seq, type, at, actor, incident, attempt, playbook, target, digest, key_id, mac on audit
      begin select raise(abort, 'the audit log is append-only'); end`,
    `create trigger audit_erase_only before update of body on audit when new.body is not null
      begin select raise(abort, 'the audit log is append-only'); end`,
  ],
  ['create table remainders (id text primary key, group_digest text not null unique, data text not null)'],
  [
    'alter table attempts add column reverts text',
    'alter table attempts add column in_force integer not null default 0',
    'create unique index attempts_one_in_force on attempts (target) where in_force = 1',
    "update attempts set data = json_set(data, '$.holdMs', null)",
    "update incidents set data = json_set(data, '$.holdUntil', null)",
  ],
  [
    'create table audit_gaps (from_seq integer primary key, to_seq integer not null, mac text not null, key_id text not null)',
    'drop trigger audit_keep',
    // What retention removes is written down as a gap first; nothing else can be deleted.
    `create trigger audit_keep before delete on audit when old.seq > coalesce(
        (select to_seq from audit_gaps where from_seq <= old.seq order by from_seq desc limit 1), old.seq - 1)
      begin select raise(abort, 'the audit log is append-only'); end`,
    "create index incidents_closed_at on incidents (closed_at) where state = 'closed'",
    "create index alerts_resolved on alerts (last_seen_at) where status = 'resolved'",
    'create index incidents_ending on incidents (ending) where ending is not null',
    'create index outbox_done on outbox (created_at) where sent_at is not null or gave_up_at is not null',
  ],
  [
    'create table holds (object text not null unique, attempt text not null references attempts (id))',
    'create index holds_attempt on holds (attempt)',
    // The target is one of what an attempt holds.
    'drop index attempts_one_holds',
    "create index attempts_active on attempts (target) where phase <> 'concluded'",
    "insert into holds select target, id from attempts where phase <> 'concluded'",
  ],
  [
    'alter table attempts add column ill_since bigint',
    'alter table attempts add column pardoned integer not null default 0',
    'create index attempts_begun on attempts (intended_at, outcome, reverts)',
    'create index attempts_of_playbook on attempts (playbook, intended_at, outcome, reverts)',
    'create index attempts_of_target on attempts (target, intended_at)',
    `create table left_alone (
      target text not null, why text not null, reason text not null, since bigint not null, until bigint not null,
      incident blob not null, primary key (target, why)) without rowid`,
    'create index left_alone_incident on left_alone (incident)',
    // What is under way comes before what waits to act, and that by playbook, so that none can keep another from its turn.
    'drop index incidents_due',
    `create index incidents_due on incidents
      (iif(state in ('open', 'waiting', 'awaiting_approval', 'handed_over'), playbook, ''), due_at) where due_at is not null`,
  ],
  // What a storm is counted by; only the few events that open incidents pay for it.
  ["create index audit_arrivals on audit (at, playbook) where type in ('incident.opened', 'incident.reopened')"],
  [
    'create table pauses (id text primary key, data text not null)',
    "create index incidents_open_target on incidents (target) where state <> 'closed'",
    "create index incidents_waiting_at on incidents (json_extract(data, '$.waiting.gate')) where state = 'waiting'",
  ],
  [
    `create table trials (
      key integer primary key, playbook text not null, revision text not null, step text not null, action text not null,
      class text not null, target text not null, incident blob not null, outcome text not null, at bigint not null,
      took_ms bigint not null, relapsed integer not null, well_before integer)`,
    'create index trials_step on trials (playbook, step, class, at)',
    'create index trials_target on trials (playbook, target, at)',
    'create index trials_at on trials (at)',
    'create table demotions (playbook text primary key, data text not null)',
    'create table own_effects (object text primary key, attempt text not null, began_at bigint not null, ended_at bigint not null)',
    "update attempts set data = json_set(data, '$.stepKey', action, '$.before', null)",
    // Which class their targets are of, and with which parameters they were tried, was not kept.
    `insert into trials (playbook, revision, step, action, class, target, incident, outcome, at, took_ms, relapsed, well_before)
      select playbook, '', action, action, '', target, incident, outcome, concluded_at, concluded_at - intended_at, 0, null
      from attempts where phase = 'concluded' and reverts is null and outcome <> 'cancelled' order by concluded_at`,
  ],
  [
    `create table tokens (
      key integer primary key, id text not null unique, name text not null, role text not null, digest text not null, created_at bigint not null,
      created_by text not null, expires_at bigint, revoked_at bigint)`,
    'create unique index tokens_in_force on tokens (name) where revoked_at is null',
  ],
  [
    `create table approvals (
      key integer primary key, id text not null unique, incident blob not null references incidents (id), state text not null, data text not null)`,
    "create unique index approvals_one_live on approvals (incident) where state in ('pending', 'approved')",
    'create index approvals_incident on approvals (incident)',
  ],
  [
    // What a message belongs to: messages of one subject go to a channel in order, and in one thread.
    "alter table outbox add column subject text not null default ''",
    'alter table outbox add column receipt text',
    'update outbox set subject = incident',
    'drop index outbox_due',
    'create index outbox_due on outbox (channel, next_at) where sent_at is null and gave_up_at is null',
    "create index outbox_lane on outbox (subject, channel) where subject <> ''",
  ],
]

/** Brings the database to the newest schema. Throws `conflict` for a foreign or newer one. */
export function migrate(sqlite: Sqlite, file: string): void {
  const version = pragma(sqlite, 'user_version')
  const owner = pragma(sqlite, 'application_id')
  const empty = sqlite.all('select 1 from sqlite_schema limit 1').length === 0
  if (!empty && owner !== applicationId) {
    throw new HeparError('conflict', `${file} is a database of another program: choose another file for the store`)
  }
  if (version > migrations.length) {
    throw new HeparError(
      'conflict',
      `${file} was written by a newer Hepar (schema ${version}, this one knows ${migrations.length}): ` +
        'start the newer Hepar, or restore the data folder from a backup',
    )
  }
  for (let next = version; next < migrations.length; next++) {
    sqlite.run('begin immediate')
    try {
      for (const statement of migrations[next] ?? []) sqlite.run(statement)
      sqlite.run(`pragma application_id = ${applicationId}`)
      sqlite.run(`pragma user_version = ${next + 1}`)
      sqlite.run('commit')
    } catch (error) {
      if (sqlite.inTransaction()) sqlite.run('rollback')
      throw error
    }
  }
}

function pragma(sqlite: Sqlite, name: string): number {
  return sqlite.all<Record<string, number>>(`pragma ${name}`)[0]?.[name] ?? 0
}
