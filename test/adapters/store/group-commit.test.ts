import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { AuditEvent } from '../../../src/domain/audit.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent, sampleIncident } from './samples.ts'

test('a hundred concurrent writers share few commits, and their listeners hear each commit once', async () => {
  const store = await openIn(temporaryFolder())
  const heard: number[][] = []
  store.onCommit((events) => heard.push(events.map(({ seq }) => seq)))
  const writers = Array.from({ length: 100 }, (_, writer) =>
    store.transaction('test', async (tx) => {
      await tx.append([sampleEvent({ body: { writer } })])
      return writer
    }),
  )
  expect(await Promise.all(writers)).toEqual(Array.from({ length: 100 }, (_, writer) => writer))
  // How many share one is also a question of time, so that none keeps the event loop for long.
  expect(heard.length).toBeLessThan(20)
  expect(heard.flat()).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
})

test('of a shared commit, only the writer that throws is rolled back', async () => {
  const store = await openIn(temporaryFolder())
  let commits = 0
  store.onCommit(() => commits++)
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, writer) =>
      store.transaction('test', async (tx) => {
        await tx.openIncidents([sampleIncident({ id: `i${writer}`, target: `redis/${writer}` })])
        await tx.append([sampleEvent({ incident: `i${writer}` })])
        if (writer === 4) throw new Error('only me')
      }),
    ),
  )
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n !== 4),
  )
  expect(commits).toBe(1)
  expect(await store.read.incident('i4')).toBe(null)
  expect(await store.read.incidents({ limit: 100 })).toHaveLength(9)
  expect(await store.read.auditHead()).toMatchObject({ seq: 9 })
})

test('writers see what those before them in the same commit wrote', async () => {
  const store = await openIn(temporaryFolder())
  const first = store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
  const second = store.transaction('test', async (tx) => (await tx.incident('i1'))?.id)
  expect([await first, await second]).toEqual([undefined, 'i1'])
})

test('nobody is answered and nobody hears before the commit, and the checkpoints stand around it', async () => {
  const folder = temporaryFolder()
  const seen: object[] = []
  const heard: (readonly AuditEvent[])[] = []
  let answered = false
  const committed = () => {
    const outside = new DatabaseSync(placeIn(folder).file, { readOnly: true })
    const [row] = outside.prepare('select count(*) as events from audit').all()
    outside.close()
    return row?.events
  }
  const checkpoint = async (name: string) => {
    // Whoever is answered too early has the time to show it.
    await new Promise((resolve) => setImmediate(resolve))
    seen.push({ name, events: committed(), heard: heard.length, answered })
  }
  const store = await openIn(folder, { checkpoint })
  store.onCommit((events) => heard.push(events))
  await store
    .transaction('receive', (tx) => tx.append([sampleEvent()]))
    .then(() => {
      answered = true
    })
  expect(seen).toEqual([
    { name: 'commit:before:receive', events: 0, heard: 0, answered: false },
    { name: 'commit:after:receive', events: 1, heard: 0, answered: false },
  ])
  expect(heard).toHaveLength(1)
})

test('writers that come while a commit is held wait for the next one', async () => {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let reached = () => {}
  const atCheckpoint = new Promise<void>((resolve) => {
    reached = resolve
  })
  const checkpoint = (name: string) => {
    if (name !== 'commit:before:first') return
    reached()
    return held
  }
  const store = await openIn(temporaryFolder(), { checkpoint })
  const order: string[] = []
  const write = (label: string) =>
    store.transaction(label, (tx) => tx.append([sampleEvent()])).then(() => void order.push(label))
  const first = write('first')
  await atCheckpoint
  const second = write('second')
  await new Promise((resolve) => setImmediate(resolve))
  expect(order).toEqual([])
  release()
  await Promise.all([first, second])
  expect(order).toEqual(['first', 'second'])
})

test('a commit that is stopped before it happens fails its group, leaves nothing, and the next one works', async () => {
  const checkpoint = (name: string) => {
    if (name === 'commit:before:stopped') throw new Error('stopped')
  }
  const store = await openIn(temporaryFolder(), { checkpoint })
  const write = (label: string) => store.transaction(label, (tx) => tx.append([sampleEvent({ actor: label })]))
  const results = await Promise.allSettled([write('first'), write('stopped')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await write('next')
  expect((await store.read.audit({ limit: 9 })).map(({ seq, actor }) => [seq, actor])).toEqual([[1, 'next']])
})

test('a group that takes long is committed, and the rest waits for the next one while the event loop is free', async () => {
  const store = await openIn(temporaryFolder())
  const commits: number[] = []
  store.onCommit((events) => commits.push(events.length))
  let turns = 0
  const counting = setInterval(() => (turns += 1), 1)
  const slow = Array.from({ length: 10 }, (_, writer) =>
    store.transaction('test', async (tx) => {
      const until = process.threadCpuUsage().user + 30_000
      while (process.threadCpuUsage().user < until);
      await tx.append([sampleEvent({ body: { writer } })])
    }),
  )
  await Promise.all(slow)
  clearInterval(counting)
  expect(commits.reduce((sum, count) => sum + count, 0)).toBe(10)
  expect(Math.max(...commits)).toBeLessThanOrEqual(3)
  expect(turns).toBeGreaterThanOrEqual(3)
  const events = await store.read.audit({ limit: 20 })
  expect(events.map(({ body }) => body?.writer)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})
