import { teethOf } from './tooth.ts'

const pruned = { test: 'test/adapters/store/pruned.test.ts' }
const pruning = { test: 'test/adapters/store/pruning.test.ts' }
const rules = { test: 'test/engine/retention.test.ts' }
const forged = 'nobody without the key can write down that more was pruned'
const window = 'what belongs to the past goes with it, but nothing that a rule of healing could still ask about'
const copies = { file: 'src/adapters/store/backup.ts', test: 'test/adapters/store/backup.test.ts' }
const places = { file: 'src/adapters/store/restore.ts', test: 'test/adapters/store/backup.test.ts' }
const restored = { file: 'src/engine/recover/restored.ts', test: 'test/engine/restored.test.ts' }
const of = 'a store restored from a backup'

/** What may go and what may not, what says that it went, and what a copy of a store may do. */
export const retention = [
  ...teethOf({ ...pruned, file: 'src/adapters/store/pruned.ts' }, [
    {
      takes: 'that what is missing is bound into the chain',
      find: 'odd || digestIn(record.body) !== digestOf(gaps)',
      replace: 'odd',
      red: forged,
    },
    {
      takes: 'that gaps need an event that tells of them',
      find: '    if (first === undefined) return null\n',
      replace: '    if (first !== undefined || first === undefined) return null\n',
      red: 'whoever deletes the oldest events has pruned nothing',
    },
    {
      takes: 'that what was pruned cannot be put back',
      find: '  if (seq <= gap.to) return { seq, reason',
      replace: '  if (seq < 0) return { seq, reason',
      red: 'the record of a pruning cannot be erased, and what was pruned cannot be put back',
    },
  ]),
  ...teethOf({ ...pruned, file: 'src/adapters/store/verify-log.ts' }, [
    {
      takes: 'that a checkpoint which cannot be compared is not called a match',
      find: '  if (missed !== null) return bad(',
      replace: '  if (missed !== null && missed.seq < 0) return bad(',
      red: 'a checkpoint from before the pruning',
    },
  ]),
  ...teethOf({ ...pruned, file: 'src/adapters/store/log-lines.ts' }, [
    {
      takes: 'that events and gaps are read in one snapshot',
      ...pruning,
      find: '      pruned = readPruned(sqlite, pruned)\n',
      replace: '      pruned ??= readPruned(sqlite, pruned)\n',
      red: 'a page of the log comes with what was pruned at that very moment',
    },
  ]),
  ...teethOf({ ...rules, file: 'src/adapters/store/prunable.ts' }, [
    {
      takes: 'that what may go is verified before it goes',
      find: '    if (!check.ok) return { ok: false, reason: check.reason }\n    position = check.position\n',
      replace:
        '    position = check.ok ? check.position : { seq: Number(line.seq), mac: String(line.mac), keyId: String(line.keyId) }\n',
      red: 'a log that was tampered with is not pruned',
    },
    {
      takes: 'that events of open incidents stay',
      find: "row !== undefined && (row.state !== 'closed' || (row.closed_at ?? 0) >= closedBefore)",
      replace: "row !== undefined && row.state === 'closed' && (row.closed_at ?? 0) >= closedBefore",
      red: 'events of incidents that are open or closed within the age stay',
    },
  ]),
  ...teethOf({ ...rules, file: 'src/adapters/store/prune-table.ts' }, [
    {
      takes: 'the second look at whether an incident is still closed',
      find: 'if ((await isOpen(packUuid(incident))).length > 0) return false',
      replace: 'if ((await isOpen(packUuid(incident))).length > 9) return false',
      red: 'an incident that was opened again between the look and the removal keeps its events',
    },
    {
      takes: 'that whom an open incident called can be told of its end',
      find: 'if (!stays) removed +=',
      replace: 'if (!stays || stays) removed +=',
      red: window,
    },
    {
      takes: 'that the last incident of an alert that still fires stays',
      find: "where j.incident = i.key and a.status = 'firing')",
      replace: "where j.incident = i.key and a.status = 'burning')",
      red: window,
    },
  ]),
  ...teethOf({ ...rules, file: 'src/engine/keep/past.ts' }, [
    {
      takes: 'that attempts stay while a budget may count them',
      find: 'attempts: Math.min(gone, before(attemptsKeptMs))',
      replace: 'attempts: Math.min(gone, before(incidentsKeptMs))',
      red: window,
    },
    {
      takes: 'that incidents stay while they may be opened again',
      find: 'incidents: Math.min(gone, before(incidentsKeptMs))',
      replace: 'incidents: gone',
      red: window,
    },
    {
      takes: 'that the rule of size leaves the last day alone',
      find: 'bytes: before(keptWhateverSizeMs)',
      replace: 'bytes: now',
      red: 'the rule of size takes the oldest until the store is small enough, and never the last day',
    },
  ]),
  ...teethOf({ ...pruning, file: 'src/engine/keep/retention.ts' }, [
    {
      takes: 'that a pruning and its record are one commit',
      ...rules,
      find: '      if (went) await tx.append([await prunedEvent(tx, rule, body)])\n',
      replace: '',
      red: 'what is older than the age goes, and an event of the chain says so',
    },
  ]),
  ...teethOf({ ...pruning, file: 'src/adapters/store/store-size.ts' }, [
    {
      takes: 'that a file which the store itself shortens is not called cut',
      find: "  mayShrink(pragma(writer, 'page_count') * pragma(writer, 'page_size'))\n",
      replace: '',
      red: 'a limit that is lowered makes the file itself smaller while Hepar runs',
    },
  ]),
  ...teethOf(copies, [
    {
      takes: 'that a copy has one moment of the store',
      file: 'src/adapters/store/sqlite.ts',
      find: "    db.exec('begin')\n",
      replace: '',
      red: 'a backup > made while others write has one moment of the store',
      hangs: true,
    },
    {
      takes: 'that a backup overwrites nothing',
      find: '    linkSync(draft, target)\n',
      replace: '    rmSync(target, { force: true })\n    linkSync(draft, target)\n',
      red: 'a backup > overwrites nothing even when the name is taken meanwhile',
    },
    {
      takes: 'that the chain of a backup is verified',
      find: 'if (verify && keys !== null) await verifyCopy(draft, keys, words)',
      replace: '',
      red: 'a backup > of a log that does not verify is refused',
    },
    {
      takes: 'that a copy knows that it is one',
      file: 'src/adapters/store/settings-table.ts',
      find: 'await read(copySetting)',
      replace: "await read('')",
      red: 'a restore > puts a store into an empty folder from which Hepar goes on, still marked as a copy',
    },
  ]),
  ...teethOf(places, [
    {
      takes: 'that a restore overwrites nothing',
      find: '  if (others.length === 0) return\n',
      replace: '  if (others.length < 99) return\n',
      red: 'a restore > overwrites nothing, and refuses while a Hepar has the folder',
    },
    {
      takes: 'that the chain of a backup is verified before it is put in place',
      find: '    await verifyCopy(draft, keys, words)\n',
      replace: '',
      red: 'a restore > puts nothing in place that is damaged, tampered with, foreign, or not whole',
    },
  ]),
  ...teethOf(restored, [
    {
      takes: 'that nothing begins on a restored store',
      find: '    const reason = await stopEverything(tx, copy, now)\n',
      replace: '    const reason = String(copy.takenAt)\n',
      red: `${of} > says so in the log, and holds back what is new`,
    },
    {
      takes: 'that what was open in a backup goes to a person',
      find: 'tx.incidents({ states: quiet, limit: 100_000 })',
      replace: 'tx.incidents({ states: quiet, limit: 0 })',
      red: `${of} > does not repeat an effect that the original had not begun yet`,
    },
    {
      takes: 'that an effect under way in a backup is unknown',
      find: '    for (const attempt of await tx.activeAttempts()) await loseSightOf(tx, attempt, reason, ports)\n',
      replace: '',
      red: `${of} > calls an effect unknown that was under way`,
    },
    {
      takes: 'that a restored store takes nothing back before an operator has looked',
      file: 'src/engine/next.ts',
      find: "  if (restored) return idle(now, limits, 'the store was restored: an operator confirms first')\n",
      replace: '',
      red: `${of} > takes a temporary effect back only once an operator has confirmed`,
      hangs: true,
    },
    {
      takes: 'that no ladder of a backup goes on after the confirmation',
      file: 'src/engine/operate/stop-switch.ts',
      find: '    if (incident !== null) await endLadder(tx, incident, now, ports)\n',
      replace: '',
      red: `${of} > gives what its ladder would lead on with to a person`,
    },
    {
      takes: 'that a plain unpause does not lift the stop switch of a restored store',
      file: 'src/engine/operate/stop-switch.ts',
      find: '  if (!confirmed) {\n',
      replace: '  if (!confirmed && wanted !== null) {\n',
      red: `${of} > says so in the log, and holds back what is new`,
    },
    {
      takes: 'that nobody confirms while attempts of the backup are still probed',
      file: 'src/engine/operate/stop-switch.ts',
      find: '  if (probed.length > 0) {\n',
      replace: '  if (probed.length > 99) {\n',
      red: `${of} > calls an effect unknown that was under way`,
    },
  ]),
]
