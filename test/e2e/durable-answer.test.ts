import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { startHepar } from '../kit/hepar.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const calls = 'trace=read,write,writev,pwrite64,fsync,fdatasync'

test('between a request and its 200 the write-ahead log reaches the disk, alone and in a shared commit', async () => {
  await using folder = await tempFolder('durable')
  const trace = join(folder.path, 'trace')
  // With -D the tracer is a grandchild, so that signals reach Hepar and not strace.
  const wrap = ['strace', '-D', '-f', '-yy', '-s', '200', '-e', calls, '-o', trace]
  await using hepar = await startHepar({
    folder: folder.path,
    wrap,
    holdable: true,
    config: { docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } } },
  })
  const send = async (name: string) => {
    const { status } = await hepar.post(writtenDelivery([writtenAlert({ alertname: 'Ill', name })]))
    expect(status).toBe(200)
  }
  for (let index = 0; index < 5; index++) await send(`alone-${index}`)
  // The first commit waits until the others have arrived, so that they share the next.
  hepar.hold('commit:before:receive')
  const together = Promise.all(Array.from({ length: 40 }, (_, index) => send(`together-${index}`)))
  await waitFor(() => readFileSync(trace, 'utf8').split('"POST /webhook').length - 1 === 45, { what: 'all to arrive' })
  hepar.release('commit:before:receive')
  await together
  await send('alone-0')
  await hepar.stop()
  const { syncsPerAnswer, answersPerSync } = readTrace(readFileSync(trace, 'utf8'))
  expect(syncsPerAnswer).toHaveLength(46)
  expect(Math.min(...syncsPerAnswer)).toBeGreaterThanOrEqual(1)
  // With a commit of its own for each, nothing would have been seen of shared ones.
  expect(Math.max(...answersPerSync)).toBeGreaterThan(10)
}, 180_000)

interface Call {
  readonly name: string
  readonly text: string
}

/** Completed system calls in the order in which they ended; a call that another thread interrupted is put together again. */
function* callsOf(trace: string): Generator<Call> {
  const begun = new Map<string, string>()
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith('<unfinished ...>')) begun.set(thread, rest)
    else {
      const resumed = rest.startsWith('<... ')
      const text = resumed ? `${begun.get(thread) ?? ''} ${rest}` : rest
      const name = /^\w+/.exec(text)?.[0]
      if (name !== undefined) yield { name, text }
    }
  }
}

interface Seen {
  /** For each webhook request: how often the log was written and synced from its arrival to the first byte of its 200. */
  readonly syncsPerAnswer: readonly number[]
  /** How many answers left after each sync and before the next. */
  readonly answersPerSync: readonly number[]
}

function readTrace(trace: string): Seen {
  const waiting = new Map<string, number>()
  const syncsPerAnswer: number[] = []
  const answersPerSync = [0]
  let unsynced = false
  for (const { name, text } of callsOf(trace)) {
    const connection = /<(TCP:\[[^\]]+\])>/.exec(text)?.[1] ?? ''
    const ofLog = text.includes('hepar.db-wal>')
    if (ofLog && name.includes('write')) unsynced = true
    else if (ofLog && name.endsWith('sync') && text.endsWith('= 0')) {
      answersPerSync.push(0)
      // A sync without a write before it would make nothing durable.
      if (unsynced) for (const [key, count] of waiting) waiting.set(key, count + 1)
      unsynced = false
    } else if (name === 'read' && text.includes('"POST /webhook/alertmanager')) waiting.set(connection, 0)
    else if (name.startsWith('write') && text.includes('"HTTP/1.1 200 OK') && waiting.has(connection)) {
      syncsPerAnswer.push(unsynced ? 0 : waiting.get(connection)!)
      answersPerSync[answersPerSync.length - 1]! += 1
      waiting.delete(connection)
    }
  }
  return { syncsPerAnswer, answersPerSync }
}
