import type { JsonObject } from '../../src/domain/json.ts'
import type { ActionDefinition, ActionPlan, Planned, Refusal, z } from '../../src/sdk/index.ts'

const never = new AbortController().signal
const target = { kind: 'redis', place: null, name: 'cache', text: 'redis/cache' }

interface RunMore {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly settings?: JsonObject
}

/** Calls an action on `redis/cache` as the engine of Hepar would, but in this process. */
export function redisAction<S extends z.ZodType>(action: ActionDefinition<S>) {
  type Params = z.output<S>
  const plan = (settings: JsonObject, params: unknown = {}) =>
    action.plan(target, action.params.parse(params), { settings, signal: never, now: Date.now() })
  return {
    plan,
    /** Fails when the action refuses. */
    async planned(settings: JsonObject, params: unknown = {}): Promise<Planned<Params> & { settings: JsonObject }> {
      const made = await plan(settings, params)
      if ('refused' in made) throw new Error(`refused: ${made.refused}`)
      // As a plan comes back from the store.
      const stored = JSON.parse(JSON.stringify(made)) as ActionPlan
      return { ...stored, target, params: action.params.parse(params), settings }
    },
    /** Fails when the action plans. */
    async refused(settings: JsonObject, params: unknown = {}): Promise<Refusal> {
      const made = await plan(settings, params)
      if (!('refused' in made)) throw new Error(`planned: ${made.summary}`)
      return made
    },
    run(made: Planned<Params> & { settings: JsonObject }, more: RunMore = {}) {
      const { signal = never, timeoutMs = 60_000, settings = made.settings } = more
      const now = Date.now()
      return action.run(made, { settings, signal, now, idempotencyKey: 'k', deadlineAt: now + timeoutMs })
    },
    verify(
      made: Planned<Params> & { settings: JsonObject },
      times: { intendedAt: number; effectEndedAt?: number; effectSeen?: boolean },
      settings = made.settings,
    ) {
      if (action.verify === undefined) throw new Error('this action has no verification')
      const now = Date.now()
      return action.verify(made, { settings, signal: never, now, effectEndedAt: now, effectSeen: true, ...times })
    },
  }
}
