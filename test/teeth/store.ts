import { teethOf } from './tooth.ts'

const contract = { test: 'test/adapters/store/sqlite-store.test.ts' }
const of = 'the store contract on SQLite'
const group = { file: 'src/adapters/store/group-commit.ts', test: 'test/adapters/store/group-commit.test.ts' }
const durable = { file: 'src/adapters/store/durable-file.ts', test: 'test/adapters/store/durable-file.test.ts' }

/** Transactions, unique indexes, compare-and-set, fences, and what has reached the disk. */
export const store = [
  ...teethOf(group, [
    {
      takes: 'that nobody is answered before the commit',
      find: 'if (result.ok) finished.push({ ...job, value: result.value })',
      replace:
        'if (result.ok) {\n        job.resolve(result.value as never)\n        finished.push({ ...job, value: result.value })\n      }',
      red: 'nobody is answered and nobody hears before the commit',
    },
    {
      takes: 'that listeners hear only what is durable',
      find: "    sqlite.run('commit')\n",
      replace: "    parts.onDurable(audit.events())\n    sqlite.run('commit')\n",
      red: 'nobody is answered and nobody hears before the commit',
    },
    {
      takes: 'the savepoint of each job in a shared commit',
      find: "    sqlite.run('rollback to job')\n",
      replace: '',
      red: 'of a shared commit, only the writer that throws is rolled back',
    },
    {
      takes: 'that events of a job that failed are taken out of the chain',
      find: '    audit.rewind(mark)\n',
      replace: '',
      red: 'of a shared commit, only the writer that throws is rolled back',
    },
    {
      takes: 'that a group which cannot be committed is rolled back',
      find: "if (parts.sqlite.inTransaction()) parts.sqlite.run('rollback')",
      replace: "if (parts.sqlite.inTransaction()) parts.sqlite.run('commit')",
      red: 'a commit that is stopped before it happens fails its group',
    },
    {
      takes: 'that all writers of a failed commit are told',
      find: 'for (const job of group) if (!failed.has(job)) job.reject(error)',
      replace: 'for (const job of group.slice(1)) if (!failed.has(job)) job.reject(error)',
      red: 'a commit that is stopped before it happens fails its group',
      hangs: true,
    },
    {
      takes: 'that a failure of the medium which a writer swallowed is told as what it is',
      test: 'test/adapters/store/medium.test.ts',
      find: '  if (medium !== null) throw medium\n',
      replace: '',
      red: 'a writer that swallows the failure of the medium',
    },
    {
      takes: 'that a commit into files which were removed is no commit',
      test: 'test/adapters/store/file-guard.test.ts',
      find: "    sqlite.run('commit')\n    // What went into files that nobody will find again is not durable.\n    checkFiles()\n",
      replace: "    sqlite.run('commit')\n",
      red: 'a commit into a file that was removed meanwhile is not reported as done',
    },
    {
      takes: 'that a transaction ends with its work',
      ...contract,
      find: 'lease.open ? use(...parameters) : ',
      replace: 'lease.open !== null ? use(...parameters) : ',
      red: `${of} > transactions and the log > a transaction used after it has ended is refused`,
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/sqlite-store.ts' }, [
    {
      takes: 'that a write-ahead log which fills the disk is written back',
      test: 'test/adapters/store/medium.test.ts',
      find: "    writer.all('pragma wal_checkpoint(passive)')\n",
      replace: '',
      red: 'a disk that the write-ahead log has filled is no reason to stand still',
    },
    {
      takes: 'that each commit waits for the disk',
      test: 'test/adapters/store/durability.test.ts',
      find: "const synchronous = 'FULL'",
      replace: "const synchronous = 'NORMAL'",
      red: 'between a write and its answer the log of the database reaches the disk',
    },
    {
      takes: 'that a listener which throws is not felt',
      ...contract,
      find: "          log.error({ reason: messageOf(error) }, 'commit listener failed')\n",
      replace: '          throw error\n',
      red: `${of} > transactions and the log > listeners hear the events of each commit in order`,
    },
  ]),
  ...teethOf(durable, [
    {
      takes: 'fsync of the key file',
      find: '    writeFileSync(descriptor, text)\n    fsyncSync(descriptor)\n',
      replace: '    writeFileSync(descriptor, text)\n',
      red: 'a file that must not be lost > is on the disk before it has its name',
    },
    {
      takes: 'fsync of the key file’s folder',
      find: '  syncFolder(dirname(file))\n',
      replace: '',
      red: 'a file that must not be lost > is on the disk before it has its name',
    },
    {
      takes: 'that a key file is never replaced unawares',
      find: 'if (exclusive) linkSync(draft, file)',
      replace: 'if (exclusive && text === "") linkSync(draft, file)',
      red: 'a file that must not be lost > replaces another only when it may',
    },
    {
      takes: 'that a key file is private',
      find: "openSync(draft, 'wx', 0o600)",
      replace: "openSync(draft, 'wx', 0o644)",
      red: 'a file that must not be lost > is private from its first moment',
    },
  ]),
  ...teethOf({ ...contract, file: 'src/adapters/store/migrations.ts' }, [
    {
      takes: 'the unique index: one attempt holds a target',
      find: 'object text not null unique, attempt',
      replace: 'object text not null, attempt',
      red: `${of} > attempts, outbox and pause > of many who want a target at once, one gets it`,
    },
    {
      takes: 'the unique index: one open incident per playbook and target',
      find: 'create unique index incidents_one_open',
      replace: 'create index incidents_one_open',
      red: `${of} > incidents > of many who open the same incident at once, one does`,
    },
    {
      takes: 'the unique key of outbox messages',
      find: 'dedupe_key text not null unique',
      replace: 'dedupe_key text not null',
      red: `${of} > attempts, outbox and pause > a message is kept once per key`,
    },
    {
      takes: 'that a store of an earlier version gets what the newer one needs',
      find: 'for (let next = version; next < migrations.length; next++)',
      replace: 'for (let next = version; next < (version === 0 ? migrations.length : 0); next++)',
      red: 'a store written by an earlier version is brought to this one',
    },
    {
      takes: 'that only the promise which was kept is taken off the list, and no newer one of its group',
      file: 'src/adapters/store/remainder-table.ts',
      find: ".values({ id: text, group_digest: text, data: text })\n      .onConflict((conflict) =>\n        conflict\n          .column('group_digest')\n          .doUpdateSet((row) => ({ id: row.ref('excluded.id'), data: row.ref('excluded.data') })),",
      replace:
        ".values({ id: text, group_digest: text, data: text })\n      .onConflict((conflict) =>\n        conflict.column('group_digest').doUpdateSet((row) => ({ data: row.ref('excluded.data') })),",
      red: `${of} > attempts, outbox and pause > the rest of a group waits once`,
    },
    {
      takes: 'that no line of the log can be deleted',
      find: 'before delete on audit when old.seq > coalesce(',
      replace: 'before delete on audit when old.seq < 0 and old.seq > coalesce(',
      red: 'the log cannot be changed or shortened through the database',
    },
    {
      takes: 'that no line of the log can be changed',
      find: 'before update of seq, type, at, actor, incident, attempt, playbook, target, digest, key_id, mac on audit',
      replace: 'before update of mac on audit',
      red: 'the log cannot be changed or shortened through the database',
    },
    {
      takes: 'that a body can be erased and not changed',
      find: 'before update of body on audit when new.body is not null',
      replace: 'before update of body on audit when new.body is null and old.body is null',
      red: 'the log cannot be changed or shortened through the database',
    },
    {
      takes: 'that a database of another program is left alone',
      find: 'if (!empty && owner !== applicationId) {',
      replace: 'if (!empty && owner === 1) {',
      red: 'a database of another program is refused',
    },
    {
      takes: 'that a store of a newer version is left alone',
      find: 'if (version > migrations.length) {',
      replace: 'if (version < 0) {',
      red: 'a store written by a newer version is refused',
    },
  ]),
  ...teethOf({ ...contract, file: 'src/adapters/store/incident-table.ts' }, [
    {
      takes: 'the compare-and-set of incidents',
      find: ".where('version', '=', integer)",
      replace: ".where('version', '>=', integer)",
      red: `${of} > incidents > of many who save the same version at once, one does`,
    },
    {
      takes: 'the table of state transitions',
      find: 'incidentStates.filter((earlier) => transitions[earlier].includes(state))',
      replace: 'incidentStates.filter((earlier) => transitions[earlier].length > 0)',
      red: `${of} > incidents > the store takes every legal change of state and no other`,
    },
  ]),
  ...teethOf({ ...contract, file: 'src/adapters/store/attempt-table.ts' }, [
    {
      takes: 'the fence of attempts',
      find: ".where('fence', '=', integer)",
      replace: ".where('fence', '>=', integer)",
      red: `${of} > attempts, outbox and pause > a result with another fence`,
    },
    {
      takes: 'that a concluded attempt is never written again',
      find: "      .where('fence', '=', integer)\n      .where(isActive),\n",
      replace: "      .where('fence', '=', integer),\n",
      red: `${of} > attempts, outbox and pause > a result with another fence`,
    },
    {
      takes: 'that budgets count each window exactly',
      find: ".where('intended_at', '>', integer),\n    )\n",
      replace: ".where('intended_at', '>=', integer),\n    )\n",
      red: `${of} > attempts, outbox and pause > the history counts what began in each window`,
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/file-guard.ts', test: 'test/adapters/store/file-guard.test.ts' }, [
    {
      takes: 'that a database which was replaced is noticed',
      find: 'now.ino !== entry.ino || now.dev !== entry.dev',
      replace: 'now.dev !== entry.dev',
      red: 'it was replaced by another file: that is a problem for ever',
    },
    {
      takes: 'that a database which was cut is noticed',
      find: 'now.size < Math.min(entry.size, entry.shrinksTo, entry.expected)',
      replace: 'now.size < 0',
      red: 'a cut is noticed below the greatest size seen',
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/data-lock.ts', test: 'test/adapters/store/data-lock.test.ts' }, [
    {
      takes: 'that the lock is watched while it is held',
      file: 'src/adapters/store/sqlite-store.ts',
      find: '      ...(lock === undefined ? [] : [lock]),\n',
      replace: '',
      red: 'a store whose lock was taken away takes nothing in any more',
    },
    {
      takes: 'the lock of the data folder',
      find: "sqlite.run('begin exclusive')",
      replace: "sqlite.run('begin')",
      red: 'a second process on the folder is refused at once',
    },
  ]),
  ...teethOf({ file: 'src/adapters/store/store-file.ts', test: 'test/adapters/store/store-file.test.ts' }, [
    {
      takes: 'the look for other names of the database',
      find: '  refuseOtherNames(file)\n',
      replace: '',
      red: 'a database under a second name is refused',
    },
    {
      takes: 'that a truncated database is not opened',
      find: '    if (!inWal.has(page)) throw truncated(',
      replace: '    if (page < 0) throw truncated(',
      red: 'a truncated database is refused, wherever it was cut',
    },
  ]),
]
