import { setTimeout as pause } from 'node:timers/promises'
import type { EventView, Hepar, IncidentView } from '../kit/hepar.ts'
import { waitFor } from '../kit/wait.ts'

/** The log as it was read while it grew, for its beginning is pruned long before its end is written. */
export interface Records extends AsyncDisposable {
  /** What concerns the patients. */
  readonly events: readonly EventView[]
  /** Everything read so far, also what is not kept. */
  count(): number
  /** What speaks against the log itself: gaps, and lines that were pruned before anybody could read them. */
  broken(): readonly string[]
  /** Deliveries of others that were taken, less those that are recorded; call with each digest that was answered 2xx. */
  taken(digest: string): void
  unrecorded(): number
  /** Reads what has been committed until now. */
  catchUp(): Promise<void>
  /** The incidents of the patients as the events tell. */
  readonly hepar: Pick<Hepar, 'incidents' | 'events' | 'until'>
}

const readEveryMs = 1_000
const pageMax = 500

export function keepRecords(hepar: Hepar, isOthers: (target: string) => boolean): Records {
  const events: EventView[] = []
  const broken: string[] = []
  const balance = new Map<string, number>()
  const incidents = new Map<string, IncidentView>()
  let last = 0
  let reading: Promise<void> = Promise.resolve()
  const stopping = new AbortController()

  function take(event: EventView): void {
    if (event.seq !== last + 1) broken.push(`after event ${last} came event ${event.seq}`)
    last = event.seq
    if (event.type === 'delivery.received' && event.body.source === 'fleet') {
      const digest = String(event.body.digest)
      if (event.body.from === 0) settle(digest, -1)
      return
    }
    if (event.type === 'retention.pruned' || (event.target !== null && isOthers(event.target))) return
    if (event.type === 'alert.changed' && event.body.source === 'fleet') return
    events.push(event)
    follow(event)
  }

  function settle(digest: string, by: number): void {
    const next = (balance.get(digest) ?? 0) + by
    if (next === 0) balance.delete(digest)
    else balance.set(digest, next)
  }

  function follow({ type, incident: id, playbook, target, body }: EventView): void {
    // What is told of an incident later does not say again what it is about.
    if (id === null || target === null) return
    const reason = typeof body.reason === 'string' ? body.reason : ''
    const known = incidents.get(id)
    const state = type === 'incident.closed' ? 'closed' : (stateAfter[type] ?? known?.state)
    if (state === undefined) return
    const ending = (type === 'incident.closed' ? body.ending : null) as IncidentView['ending']
    incidents.set(id, { id, playbook: String(playbook), target, state, ending, reason })
  }

  async function read(): Promise<void> {
    for (;;) {
      const answer = await fetch(`${hepar.url}/api/v1/audit?limit=${pageMax}&after=${last}`, {
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(20_000)]),
      })
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      const page = ((await answer.json()) as { events: EventView[] }).events
      for (const event of page) take(event)
      if (page.length < pageMax) return
    }
  }

  /** One reads at a time, so that no event is taken twice. */
  function catchUp(): Promise<void> {
    const next = reading.then(read)
    reading = next.catch(() => {})
    return next
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      // A Hepar that is down, stopped or starting is read later.
      await catchUp().catch(() => {})
      await pause(readEveryMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()

  const all = async () => [...incidents.values()]
  return {
    events,
    count: () => last,
    broken: () => broken,
    taken: (digest) => settle(digest, 1),
    unrecorded: () => [...balance.values()].filter((count) => count > 0).length,
    catchUp,
    hepar: {
      incidents: all,
      events: async () => events,
      async until(what, condition, deadlineMs = 120_000) {
        await waitFor(async () => condition(await all()), { what, deadlineMs, everyMs: 200 })
        return all()
      },
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await loop
    },
  }
}

const stateAfter: Readonly<Record<string, IncidentView['state']>> = {
  'incident.opened': 'open',
  'incident.handed_over': 'handed_over',
}
