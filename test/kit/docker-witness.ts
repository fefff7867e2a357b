import { setTimeout as pause } from 'node:timers/promises'
import type { DockerApi } from './docker-api.ts'
import { runContainer, uniqueName } from './docker-container.ts'

export type DockerAction = 'create' | 'start' | 'restart' | 'kill' | 'stop' | 'die' | 'oom' | 'destroy' | (string & {})

export interface DockerEvent {
  readonly id: string
  readonly name: string
  readonly action: DockerAction
  /** Epoch milliseconds on the engine's clock. */
  readonly at: number
}

/** Watches the engine's own event stream: what really happened to a container, whatever anybody claims. */
export interface DockerWitness {
  /** Life-cycle events of one container (name or full id), oldest first. Call `settle` before counting. */
  events(container: string): readonly DockerEvent[]
  /** How often this happened to the container since `sinceMs` (epoch milliseconds), or since the witness began. */
  count(container: string, action: DockerAction, sinceMs?: number): number
  /** Resolves once every event up to now has been seen. */
  settle(): Promise<void>
  close(): void
}

interface RawEvent {
  readonly Action: string
  readonly timeNano: number
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

export async function dockerWitness(api: DockerApi): Promise<DockerWitness> {
  const seen: DockerEvent[] = []
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }))
  // The engine answers before it has subscribed; asking for the past since now closes that gap.
  const since = (Date.now() / 1_000).toFixed(3)
  const stream = await api.follow(`/events?since=${since}&filters=${filters}`, (line) => {
    const event = JSON.parse(line) as RawEvent
    if (event.Action.startsWith('exec_')) return
    const name = event.Actor.Attributes.name ?? ''
    seen.push({ id: event.Actor.ID, name, action: event.Action, at: event.timeNano / 1_000_000 })
  })
  const events = (container: string) => seen.filter(({ id, name }) => id === container || name === container)
  return {
    events,
    count: (container, action, sinceMs = 0) =>
      events(container).filter((event) => event.action === action && event.at >= sinceMs).length,
    async settle() {
      // The engine publishes events in order, so everything before this one has arrived when it arrives.
      const marker = await runContainer(api, { name: uniqueName('hepar-marker'), created: true })
      await marker.remove()
      const giveUpAt = Date.now() + 30_000
      while (!events(marker.id).some(({ action }) => action === 'destroy')) {
        if (Date.now() > giveUpAt) throw new Error('the event stream of Docker has gone silent')
        await pause(20)
      }
    },
    close: () => stream.close(),
  }
}
