import type { JsonObject } from '../../src/domain/json.ts'
import type { ActionDefinition, ActionPlan, ActionTarget, Refusal, z } from '../../src/sdk/index.ts'
import type { ContainerWish, TestContainer, TestDocker } from './docker.ts'
import type { DockerWitness } from './docker-witness.ts'

export interface PlannedCall<P> extends ActionPlan {
  readonly target: ActionTarget
  readonly params: P
}

const never = new AbortController().signal

/** Calls an action on containers of one engine as the engine of Hepar would, but in this process. */
export function containerAction<S extends z.ZodType>(
  action: ActionDefinition<S>,
  docker: TestDocker,
  witness: DockerWitness,
) {
  type Params = z.output<S>
  const settings = (change: JsonObject = {}): JsonObject => {
    const connection = { socketPath: docker.socket }
    return {
      host: 'local',
      docker: connection,
      allow: [],
      protect: [],
      lifelines: [],
      self: { containerIds: [] },
      ...change,
    }
  }
  const targetOf = (name: string) => ({ kind: 'container', place: 'local', name, text: `container/local/${name}` })
  const plan = (name: string, change?: JsonObject, params: unknown = {}) => {
    const context = { settings: settings(change), signal: never, now: Date.now() }
    return action.plan(targetOf(name), action.params.parse(params), context)
  }
  return {
    settings,
    targetOf,
    plan,
    /** Fails when the action refuses. */
    async planned(name: string, params: unknown = {}, change?: JsonObject): Promise<PlannedCall<Params>> {
      const made = await plan(name, change, params)
      if ('refused' in made) throw new Error(`refused: ${made.refused}`)
      // As a plan comes back from the store.
      const stored = JSON.parse(JSON.stringify(made)) as ActionPlan
      return { ...stored, target: targetOf(name), params: action.params.parse(params) }
    },
    /** Fails when the action plans. */
    async refused(name: string, change?: JsonObject): Promise<Refusal> {
      const made = await plan(name, change)
      if (!('refused' in made)) throw new Error(`planned: ${made.summary}`)
      return made
    },
    run(made: PlannedCall<Params>, { signal = never, timeoutMs = 60_000, change = {} as JsonObject } = {}) {
      const now = Date.now()
      const context = { settings: settings(change), signal, now, idempotencyKey: 'k', deadlineAt: now + timeoutMs }
      return action.run(made, context)
    },
    verify(made: PlannedCall<Params>, intendedAt: number, effectEndedAt = Date.now(), more: VerifyMore = {}) {
      if (action.verify === undefined) throw new Error('this action has no verification')
      const { effectSeen = true, change = {} } = more
      const times = { now: Date.now(), intendedAt, effectEndedAt, effectSeen }
      const context = { settings: settings(change), signal: never, ...times }
      return action.verify(made, context)
    },
    /** What happened to the container, from the engine's own events. */
    async effects(container: TestContainer): Promise<readonly string[]> {
      await witness.settle()
      // Looking who holds the memory is an event, too.
      return witness.events(container.id).flatMap(({ action }) => (action === 'top' ? [] : [action]))
    },
    /** A container that is opted in. */
    start: (wish: ContainerWish = {}) => docker.runContainer({ labels: optedIn, ...wish }),
  }
}

interface VerifyMore {
  readonly effectSeen?: boolean
  readonly change?: JsonObject
}

export const optedIn = { 'hepar.enable': 'true' }

export function healthy(container: TestContainer) {
  return container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
}
