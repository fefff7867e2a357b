import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readAuditKeys } from '../../../src/adapters/store/audit-key.ts'
import { type LogPage, logPages } from '../../../src/adapters/store/log-lines.ts'
import { verifyLog } from '../../../src/adapters/store/verify-log.ts'
import type { Store } from '../../../src/engine/ports.ts'
import { runProgram, startProcess } from '../../kit/process.ts'
import { day, pruneAll } from '../../kit/pruning.ts'
import { waitFor } from '../../kit/wait.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { noon, placeIn, sampleAlert, sampleEvent, sampleIncident } from './samples.ts'

const verify = (folder: string) => {
  const { file, keyFile } = placeIn(folder)
  return verifyLog({ file, keys: readAuditKeys(keyFile) })
}

/** What an ordinary day leaves: events, incidents that end, alerts that resolve. */
async function liveADay(store: Store, number: number, size = 20): Promise<number> {
  const at = noon + number * day
  const names = Array.from({ length: size }, (_, index) => `${number}-${index}`)
  const text = 'x'.repeat(1_500)
  await store.transaction('test', async (tx) => {
    await tx.openIncidents(names.map((id) => sampleIncident({ id, target: id, openedAt: at })))
    await tx.saveAlerts(names.map((fingerprint) => sampleAlert({ fingerprint, status: 'resolved', lastSeenAt: at })))
    await tx.attach(names.map((name) => ({ incident: name, source: 'main', fingerprint: name })))
    await tx.append(
      names.flatMap((incident) => Array.from({ length: 10 }, () => sampleEvent({ at, incident, body: { text } }))),
    )
    for (const id of names) {
      const incident = (await tx.incident(id))!
      await tx.saveIncident({ ...incident, state: 'closed', ending: 'healed', closedAt: at, dueAt: null })
    }
  })
  return at
}

test('over a hundred days of load the file itself stays below the limit, and the log verifies', {
  timeout: 120_000,
}, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const bytesMax = 10_000_000
  const sizes: number[] = []
  let slowestMs = 0
  for (let number = 1; number <= 100; number++) {
    const at = await liveADay(store, number)
    slowestMs = Math.max(slowestMs, (await pruneAll(store, { now: at + day / 2, bytesMax })).slowestMs)
    sizes.push(statSync(placeIn(folder).file).size)
  }
  // Without pruning it would be about four times as large.
  expect(Math.max(...sizes)).toBeLessThan(bytesMax)
  expect(sizes.at(-1)).toBeGreaterThan(0.7 * bytesMax)
  expect(await verify(folder)).toMatchObject({ ok: true, pruned: { rule: 'bytes' } })
  const oldest = (await store.read.audit({ limit: 1 }))[0]!
  expect(oldest.at).toBeGreaterThan(noon + 60 * day)
  const incidents = await store.read.incidents({ limit: 5_000 })
  // Those of the last 30 days at least, and none that is older than the log.
  expect(incidents.length).toBeGreaterThan(20 * 7)
  expect(Math.min(...incidents.map(({ openedAt }) => openedAt))).toBeGreaterThan(oldest.at - 2 * day)
})

test('a limit that is lowered makes the file itself smaller while Hepar runs', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  for (let number = 1; number <= 60; number++) await liveADay(store, number, 40)
  const { file } = placeIn(folder)
  await pruneAll(store, { now: noon + 62 * day })
  const before = store.size()
  expect(before.liveBytes).toBeGreaterThan(40_000_000)
  await pruneAll(store, { now: noon + 62 * day, bytesMax: 12_000_000 })
  await waitFor(
    async () => {
      // What is written meanwhile makes the write-ahead log be copied back, which is when the file gets shorter.
      await store.transaction('test', (tx) =>
        tx.append(
          Array.from({ length: 500 }, () => sampleEvent({ at: noon + 62 * day, body: { text: 'y'.repeat(2_000) } })),
        ),
      )
      await pruneAll(store, { now: noon + 64 * day, bytesMax: 12_000_000 })
      return statSync(file).size < 30_000_000
    },
    { what: 'a shorter file', deadlineMs: 30_000 },
  )
  expect(store.health()).toEqual({ ok: true, reason: null })
  expect(await verify(folder)).toMatchObject({ ok: true })
  await store.close()
  await (await openIn(folder)).close()
})

test.each(['commit:before:prune', 'commit:after:prune'])(
  'a crash at %s leaves all of a pruning or nothing',
  async (point) => {
    const folder = temporaryFolder()
    const first = await openIn(folder)
    for (let number = 1; number <= 10; number++) await liveADay(first, number, 5)
    await first.close()
    let crashes = 0
    // A life for each step, ended in the middle of it.
    for (let life = 0; life < 12; life++) {
      const store = await openIn(folder, {
        checkpoint: (name) => {
          if (name !== point) return
          crashes++
          throw new Error('killed')
        },
      })
      const events = await store.read.audit({ limit: 10_000 })
      const gaps = await store.read.gaps()
      await pruneAll(store, { now: noon + 60 * day, auditMs: 20 * day }).catch(() => {})
      await store.close()
      const after = await openIn(folder)
      if (point === 'commit:before:prune') {
        expect(await after.read.audit({ limit: 10_000 })).toEqual(events)
        expect(await after.read.gaps()).toEqual(gaps)
      }
      await after.close()
      expect(await verify(folder)).toMatchObject({ ok: true })
    }
    expect(crashes).toBeGreaterThan(5)
  },
)

test('killed at any moment while it prunes, a process leaves a log that verifies', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  for (let number = 1; number <= 60; number++) await liveADay(store, number)
  await store.close()
  const script = join(import.meta.dirname, 'prune-writer.ts')
  const daysPerLife = 9
  let pruned = 0
  let last = 12_000
  for (let life = 0; life < 6; life++) {
    const keptDays = 60 - life * daysPerLife
    const pruner = await startProcess({
      name: `pruner-${life}`,
      command: process.execPath,
      args: [script, folder, String(keptDays), String(keptDays - daysPerLife)],
      folder,
      cwd: folder,
    })
    // Without its last line, which may have been cut off by the end.
    const told = () => [...pruner.output().matchAll(/^pruned (\d+)\n/gm)].map(([, events]) => Number(events))
    await waitFor(() => told().some((events) => events > 0), { what: 'events that went', deadlineMs: 60_000 })
    await new Promise((resolve) => setTimeout(resolve, 7 * life))
    await pruner.kill()
    const verification = await verify(folder)
    expect(verification).toMatchObject({ ok: true, pruned: { rule: 'age' } })
    if (!verification.ok || verification.pruned === null) return
    const { head, count } = verification
    // What was told to be gone is gone for good, and all that is not gone is there.
    pruned += told().reduce((sum, events) => sum + events, 0)
    expect(verification.pruned.count).toBeGreaterThanOrEqual(pruned)
    expect(count + verification.pruned.count).toBe(head.seq)
    expect(head.seq).toBeGreaterThanOrEqual(last + told().length)
    pruned = verification.pruned.count
    last = head.seq
  }
})

test('a log is verified and exported by another process while it is pruned', { timeout: 200_000 }, async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  for (let number = 1; number <= 100; number++) await liveADay(store, number)
  const { file, keyFile } = placeIn(folder)
  const script = `
    import { readAuditKeys } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/store/audit-key.ts'))}
    import { verifyLog } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/store/verify-log.ts'))}
    const seen = []
    const endAt = Date.now() + 60_000
    const moved = () => new Set(seen.map(({ pruned }) => pruned?.count)).size > 1
    while (seen.length < 6 || (!moved() && Date.now() < endAt)) seen.push(await verifyLog({ file: ${JSON.stringify(file)}, keys: readAuditKeys(${JSON.stringify(keyFile)}) }))
    console.log(JSON.stringify(seen))`
  let done = false
  const program = ['--input-type=module-typescript', '-e', script]
  const verifying = runProgram(process.execPath, program, { timeoutMs: 180_000 }).finally(() => {
    done = true
  })
  let upTo = 0
  while (!done) {
    await pruneAll(store, { now: noon + (upTo < 90 ? ++upTo : upTo) * day, auditMs: 5 * day, stepsMax: 3 })
    await store.transaction('test', (tx) => tx.append([sampleEvent({ at: noon + 101 * day })]))
  }
  const { code, stdout, stderr } = await verifying
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const seen = JSON.parse(stdout) as { ok: boolean; pruned: { count: number } | null }[]
  expect(seen.map(({ ok }) => ok)).toEqual(seen.map(() => true))
  // It did prune meanwhile.
  expect(new Set(seen.map(({ pruned }) => pruned?.count)).size).toBeGreaterThan(1)
})

test('a page of the log comes with what was pruned at that very moment, however far the reading had come', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  for (let number = 1; number <= 20; number++) await liveADay(store, number)
  const pages = logPages(placeIn(folder).file)
  const { value: first } = (await pages.next()) as { value: LogPage }
  expect([first.lines.length, first.pruned.gaps]).toEqual([1_000, []])
  await pruneAll(store, { now: noon + 20 * day + 1, auditMs: 10 * day })
  const { value: second } = (await pages.next()) as { value: LogPage }
  expect(second.pruned.gaps).toMatchObject([{ from: 1, to: Number(second.lines[0]?.seq) - 1 }])
  await pages.return(undefined)
})
