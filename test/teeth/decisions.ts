import { teethOf } from './tooth.ts'

const decide = { file: 'src/engine/receive/decide-alert.ts', test: 'test/engine/decide-alert.test.ts' }
const receive = { file: 'src/engine/receive/receive.ts', test: 'test/engine/receive.test.ts' }
const confirm = { file: 'src/engine/receive/confirm.ts', test: 'test/engine/confirm.test.ts' }

/** What becomes of the alerts of a delivery, and of what the sources say about them later. */
export const decisions = [
  ...teethOf(decide, [
    {
      takes: 'that other labels under a known fingerprint are rejected',
      find: 'if (known && canonicalJson(known.labels) !== canonicalJson(alert.labels)) {',
      replace: 'if (known && canonicalJson(known.labels) === "") {',
      red: 'a firing alert > with other labels under a known fingerprint',
    },
    {
      takes: 'that a firing whose end has passed is stale',
      find: 'alert.endsAt !== null && alert.endsAt <= now',
      replace: 'alert.endsAt !== null && alert.endsAt <= 0',
      red: 'a firing alert > whose end has passed is stale',
    },
    {
      takes: 'that a firing alert is a duplicate while it fires',
      find: "  if (known.status === 'firing') {\n    const moved",
      replace: "  if (known.status === 'firing' && alert.startsAt === known.startsAt) {\n    const moved",
      red: 'a firing alert > is a duplicate while it fires',
    },
    {
      takes: 'that a start never moves back',
      find: '    const startsAt = Math.max(known.startsAt, alert.startsAt)\n    return {\n      kind: ',
      replace: '    const startsAt = alert.startsAt\n    return {\n      kind: ',
      red: 'a firing alert > is a duplicate while it fires',
    },
    {
      takes: 'that a firing from before the resolution is stale, and the source asked',
      find: 'if (alert.startsAt <= Math.max(resolvedAt, known.startsAt)) {',
      replace: 'if (alert.startsAt < known.startsAt) {',
      red: 'a firing alert > re-sent after resolved with an equal start',
    },
    {
      takes: 'that a resolution which claims to have ended before it began lets no older firing begin',
      find: 'Math.max(resolvedAt, known.startsAt)',
      replace: 'resolvedAt',
      red: 'a firing alert > of an earlier firing is stale',
    },
    {
      takes: 'that no end lies ahead of our clock',
      find: 'Math.min(alert.endsAt ?? arrival.now, arrival.now)',
      replace: 'alert.endsAt ?? arrival.now',
      red: 'a resolved alert > whose end lies ahead is over from now on',
    },
    {
      takes: 'that the end of an earlier firing does not end the present one',
      find: 'if (alert.startsAt < known.startsAt && endedAt <= known.startsAt) {',
      replace: 'if (alert.startsAt < known.startsAt && endedAt < 0) {',
      red: 'a resolved alert > of an earlier firing changes nothing',
    },
    {
      takes: 'that a resolution again is a duplicate',
      find: 'if (alert.startsAt <= known.startsAt) {',
      replace: 'if (alert.startsAt < known.startsAt) {',
      red: 'a resolved alert > again is a duplicate',
    },
    {
      takes: 'that a resolution never moves back',
      find: 'Math.max(known.resolvedAt ?? endedAt, endedAt)',
      replace: 'endedAt',
      red: 'a resolved alert > again is a duplicate',
    },
    {
      takes: 'that a resolution which overtook its firing is kept',
      find: '    const record = resolve({ ...begin(alert, undefined, arrival) }, endedAt, arrival.now)\n',
      replace: '    const record = begin(alert, undefined, arrival)\n',
      red: 'a resolved alert > that overtook its firing',
    },
    {
      takes: 'that a short gap is the same episode',
      find: 'known !== undefined && gapMs < arrival.episodeGapMs',
      replace: 'known !== undefined && gapMs < 0',
      red: 'a firing alert > fires again after the resolution',
    },
  ]),
  ...teethOf(receive, [
    {
      takes: 'that a delivery is answered only after its commit',
      find: '    const part = await accept({ delivery, alerts, from, by, last, completes })\n',
      replace:
        '    const part = { decided: [], promised: nothingPromised }\n    void accept({ delivery, alerts, from, by, last, completes })\n',
      red: 'a delivery > that cannot be committed is not answered',
    },
    {
      takes: 'that a delivery commits in parts of bounded size',
      find: 'from += alertsPerCommitMax',
      replace: 'from += 500_000',
      red: 'a delivery > that is very large commits in parts',
    },
    {
      file: 'src/engine/receive/accept.ts',
      takes: 'that an alert sees what the ones before it in the same delivery changed',
      find: '      if (next.record) known.set(next.record)\n',
      replace: '',
      red: 'a delivery > that names an alert twice',
    },
    {
      file: 'src/engine/receive/accept.ts',
      takes: 'that each part of a delivery is recorded with its own decisions',
      find: 'deliveryEvent(delivery, part, decided[index] ?? [],',
      replace: 'deliveryEvent(delivery, { ...part, from: 0 }, decided[index] ?? [],',
      red: 'a delivery > that is very large commits in parts',
    },
    {
      file: 'src/engine/receive/accept.ts',
      takes: 'that alerts are stored with the decision about them',
      find: '  if (changed.length > 0) await tx.saveAlerts(changed)\n',
      replace: '',
      red: 'what follows from a decision > is nothing for a duplicate',
    },
    {
      file: 'src/engine/receive/follow.ts',
      takes: 'that a duplicate causes nothing',
      find: "decided.filter(({ decision }) => decision.decision !== 'duplicate')",
      replace: 'decided',
      red: 'what follows from a decision > is nothing more when a resolution is repeated',
    },
    {
      file: 'src/engine/receive/follow.ts',
      takes: 'that a resolution makes its incidents look at once',
      find: "if (record?.status === 'resolved') await",
      replace: "if (record?.status === 'firing') await",
      red: 'what follows from a decision > is that a resolution makes',
    },
  ]),
  ...teethOf({ file: 'src/engine/receive/accept.ts', test: 'test/engine/accept.test.ts' }, [
    {
      file: 'src/engine/receive/batches.ts',
      takes: 'that a delivery which cannot be stored fails alone',
      find: 'if (batch.members.length > 1 && mayDiffer(error))',
      replace: 'if (batch.members.length < 0 && mayDiffer(error))',
      red: 'a delivery that cannot be stored fails alone',
    },
    {
      takes: 'that deliveries at once commit in transactions of bounded size',
      find: 'const alertsPerCommitMax = 250',
      replace: 'const alertsPerCommitMax = 500_000',
      red: 'many small deliveries at once commit in transactions of bounded size',
    },
    {
      takes: 'that of deliveries at once each sees what the ones before it changed',
      find: '  const known = await knownAlerts(tx, parts)\n  const decided: Decided[][] = []\n  for (const { delivery, alerts } of parts) {\n',
      replace:
        '  let known = await knownAlerts(tx, parts)\n  const decided: Decided[][] = []\n  for (const { delivery, alerts } of parts) {\n    known = await knownAlerts(tx, parts)\n',
      red: 'of two deliveries at once the later sees what the earlier changed',
    },
    {
      file: 'src/engine/receive/known-alerts.ts',
      takes: 'that an alert is known by its source as well',
      find: 'bySource.get(source)?.get(fingerprint)',
      replace: '[...bySource.values()].map((known) => known.get(fingerprint)).find((known) => known !== undefined)',
      red: 'one fingerprint of two sources is two alerts, also at once',
    },
    {
      file: 'src/engine/receive/batches.ts',
      test: 'test/engine/batches.test.ts',
      takes: 'that what joins a batch comes before it begins',
      find: '      if (open === batch) open = null\n',
      replace: '',
      red: 'what comes after a batch has begun waits for the next',
    },
  ]),
  ...teethOf(confirm, [
    {
      takes: 'that a resolution is confirmed only by a fresh and healthy evaluation',
      find: 'answer.rule === null || readCleared(answer, record.resolvedAt ?? 0).cleared',
      replace: '!answer.firing',
      red: 'a resolution > is not confirmed by',
    },
    {
      takes: 'that a source which spoke of the time before a resolution revives nothing',
      find: '  if (evaluatedAt != null && evaluatedAt <= (record.resolvedAt ?? 0)) return null\n',
      replace: '',
      red: 'a resolution > stands against a source that spoke of the time before it',
    },
    {
      takes: 'that a firing alert ends only by an evaluation younger than what was heard',
      find: 'readCleared(answer, record.lastSeenAt)',
      replace: 'readCleared(answer, 0)',
      red: 'a firing alert > goes on while the last evaluation is older',
    },
    {
      takes: 'that what fires by its source goes on',
      find: "  if (answer.kind !== 'answered' || answer.firing) return null\n  const cleared",
      replace: "  if (answer.kind !== 'answered') return null\n  const cleared",
      red: 'a firing alert > goes on for as long as its source says so',
    },
    {
      takes: 'that silence is no resolution where there is no oracle',
      find: "record.resolvedConfirmed || record.resolvedBy !== 'delivery'",
      replace: 'record.resolvedConfirmed',
      red: 'a resolution > is taken at its word where there is no oracle',
    },
    {
      takes: 'that an alert nobody can be asked about ends unconfirmed',
      find: 'return resolved(now, false, `not heard of',
      replace: 'return resolved(now, true, `not heard of',
      red: 'a firing alert > that nobody can be asked about is given up, unconfirmed',
    },
    {
      takes: 'that absence counts only after a while',
      find: '  if (silentForMs < absentForMs) return null\n',
      replace: '',
      red: 'a firing alert > without Prometheus is over only once',
    },
    {
      takes: 'that a delivery is newer than the answer to an earlier question',
      find: 'if (!record || record.status !== asked.status || record.resolvedAt !== asked.resolvedAt) return false',
      replace: 'if (!record) return false',
      red: 'an answer is dropped when a delivery has changed the alert',
    },
  ]),
  ...teethOf({ test: 'test/engine/present-illness.test.ts', file: 'src/engine/prove/present-illness.ts' }, [
    {
      takes: 'that what was over before an illness says nothing about it',
      find: '>= acceptedAt,\n',
      replace: '>= 0,\n',
      red: 'the alerts of the present illness > are those that fire',
    },
    {
      takes: 'that nothing counts as cleared for want of an alert',
      find: 'return present.length > 0 ? present : all',
      replace: 'return present',
      red: 'the alerts of the present illness > are never none',
    },
  ]),
  ...teethOf({ test: 'test/engine/sweep.test.ts', file: 'src/engine/receive/sweep.ts' }, [
    {
      takes: 'that alerts of a source which is no longer configured end',
      find: '      page.filter(({ source }) => !configured.has(source)),\n',
      replace: '      page.filter(({ source }) => configured.has(source)),\n',
      red: 'an alert of a source that is no longer configured ends by its age',
    },
    {
      takes: 'that an alert no Alertmanager lists any more is asked about',
      find: 'page.filter(({ fingerprint }) => !active.has(fingerprint))',
      replace: 'page.filter(({ fingerprint }) => active.has(fingerprint))',
      red: 'a firing alert that no Alertmanager lists any more is asked about',
    },
  ]),
  ...teethOf({ test: 'test/engine/truncated.test.ts', file: 'src/engine/receive/truncated.ts' }, [
    {
      takes: 'that what could not be fetched is tried again',
      find: '  const waiting = await ports.store.read.remainders()\n',
      replace: '  const waiting: readonly Remainder[] = []\n',
      red: 'what could not be fetched is tried again until it can',
    },
    {
      takes: 'that what was cut from a delivery is fetched by its group',
      find: 'listed.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value))',
      replace: 'listed.filter(() => wanted.length > 0)',
      red: 'what Alertmanager cut from a delivery is fetched',
    },
    {
      takes: 'that the rest is taken off the list when it is decided',
      find: "  await receive(delivery, 'reconcile', ports, rest)\n",
      replace: "  await receive(delivery, 'reconcile', ports)\n",
      red: 'what could not be fetched is tried again until it can, and then no more',
    },
    {
      takes: 'that a source which does not answer is waited for once for all groups',
      find: 'digestOf([source, receiver]))',
      replace: 'digestOf([source, receiver, Math.random()]))',
      red: 'all groups of a receiver are completed from one list',
    },
    {
      takes: 'that nobody waits for a source that is no longer configured',
      find: '    if (!sources.names().includes(source)) {\n',
      replace: "    if (source === '') {\n",
      red: 'the rest of a source that is no longer configured is given up',
    },
    {
      file: 'src/engine/receive/remainder.ts',
      takes: 'the promise to fetch what was cut from a delivery',
      find: '  if (delivery.truncatedAlerts === 0) return',
      replace: '  if (delivery.truncatedAlerts >= 0) return',
      red: 'the promise is written by the commit that accepts the delivery',
    },
    {
      file: 'src/engine/receive/accept.ts',
      takes: 'that the promise is written by the very commit that accepts the delivery',
      find: '    const promised = last ? await promiseRest(tx, delivery, newId(now)) : nothingPromised\n',
      replace:
        "    const promised = nothingPromised\n    const late = () => ports.store.transaction('late', (other) => promiseRest(other, delivery, newId(now)))\n    if (last) setImmediate(() => void late().catch(() => {}))\n",
      red: 'the promise is written by the commit that accepts the delivery',
    },
    {
      file: 'src/engine/receive/remainder.ts',
      takes: 'the bound of deliveries that wait for their rest',
      find: 'const remaindersMax = 1_000\n',
      replace: 'const remaindersMax = 1_000_000\n',
      red: 'what waits is bounded',
    },
    {
      takes: 'that the rest is decided and taken off the list by one commit',
      find: "  await receive(delivery, 'reconcile', ports, rest)\n",
      replace:
        "  await ports.store.transaction('early', (tx) => tx.removeRemainder(rest.id))\n  await receive(delivery, 'reconcile', ports)\n",
      red: 'the promise is kept until the commit that decides the rest',
    },
    {
      file: 'src/engine/create-engine.ts',
      takes: 'that the rest is fetched right after a restart',
      find: 'sweeping.start()\n      completing.kick()\n',
      replace: 'sweeping.start()\n',
      red: 'an engine takes up at its start what an earlier life has promised',
    },
    {
      file: 'src/engine/create-engine.ts',
      takes: 'that the rest is fetched as soon as the delivery is accepted',
      find: '      if (rest !== null) completing.kick()\n',
      replace: '',
      red: 'an engine fetches the rest of what it has just accepted',
    },
  ]),
  ...teethOf({ test: 'test/engine/rematch.test.ts', file: 'src/engine/receive/rematch.ts' }, [
    {
      takes: 'that a reload opens nothing again that ended under the same playbook',
      find: '      if (staysEnded(record, destination.playbook, latest)) continue\n',
      replace: '',
      red: 'active alerts under another policy > do not open again',
    },
    {
      takes: 'that what was refused gets another look when the rules change',
      find: " && latest.ending !== 'refused'",
      replace: '',
      red: 'active alerts under another policy > give what was refused another look',
    },
    {
      takes: 'that open incidents look again after a reload',
      find: '  await lookAgain(ports, (tx, before, limit) => {\n    return tx.incidents({ states: quietStates, limit, ...(before !== undefined && { before }) })\n  })\n',
      replace: '',
      red: 'active alerts under another policy > open the incidents it leads them to',
    },
  ]),
]
