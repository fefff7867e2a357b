import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { ChangeQueue } from './change-queue.ts'

// Health checks run as `exec`, so without a filter most events would be about the checks themselves.
const actions = ['create', 'start', 'die', 'pause', 'unpause', 'rename', 'destroy', 'health_status']

const lineCharsMax = 1024 * 1024

/** Puts the full id of every container that changes into the queue until `signal` aborts. Resolves once it listens. */
export async function followContainerEvents(client: Docker, changes: ChangeQueue, signal: AbortSignal): Promise<void> {
  const options = { filters: { type: ['container'], event: actions }, abortSignal: signal }
  const stream = (await client.getEvents(options as Docker.GetEventsOptions)) as Readable
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharsMax) stream.destroy(new Error('an event is longer than 1 MiB'))
    for (const line of lines) {
      const id = idOf(line)
      if (id !== null) changes.add(id)
    }
  })
  stream.on('error', (error) => changes.end(error.message))
  stream.on('close', () => changes.end('the event stream ended'))
}

function idOf(line: string): string | null {
  try {
    const event = JSON.parse(line) as { Actor?: { ID?: unknown } } | null
    return typeof event?.Actor?.ID === 'string' ? event.Actor.ID : null
  } catch {
    return null
  }
}
