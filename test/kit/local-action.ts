import type { JsonObject } from '../../src/domain/json.ts'
import { formatTarget, parseTarget } from '../../src/domain/target.ts'
import type { ActionDefinition, ActionPlan, Refusal, z } from '../../src/sdk/index.ts'
import type { PlannedCall } from './container-action.ts'

const never = new AbortController().signal

/** Calls an action on one target of this machine as the engine of Hepar would, but in this process. */
export function localAction<S extends z.ZodType>(
  action: ActionDefinition<S>,
  targetText: string,
  settings: () => JsonObject,
) {
  type Params = z.output<S>
  const reading = parseTarget(targetText)
  if (!reading.ok) throw new Error(reading.reason)
  const target = { ...reading.target, text: formatTarget(reading.target) }
  const context = (change: JsonObject = {}, signal = never) => {
    return { settings: { lifelines: [], ...settings(), ...change }, signal, now: Date.now() }
  }
  const plan = (params: unknown = {}, change?: JsonObject) =>
    action.plan(target, action.params.parse(params), context(change))
  return {
    plan,
    /** Fails when the action refuses. */
    async planned(params: unknown = {}, change?: JsonObject): Promise<PlannedCall<Params>> {
      const made = await plan(params, change)
      if ('refused' in made) throw new Error(`refused: ${made.refused}`)
      // As a plan comes back from the store.
      const stored = JSON.parse(JSON.stringify(made)) as ActionPlan
      return { ...stored, target, params: action.params.parse(params) }
    },
    /** Fails when the action plans. */
    async refused(params: unknown = {}, change?: JsonObject): Promise<Refusal> {
      const made = await plan(params, change)
      if (!('refused' in made)) throw new Error(`planned: ${made.summary}`)
      return made
    },
    run(made: PlannedCall<Params>, { signal = never, timeoutMs = 60_000, change = {} as JsonObject } = {}) {
      const now = Date.now()
      return action.run(made, { ...context(change, signal), idempotencyKey: 'k', deadlineAt: now + timeoutMs })
    },
    verify(made: PlannedCall<Params>) {
      if (action.verify === undefined) throw new Error('this action has no verification')
      const times = { intendedAt: Date.now(), effectEndedAt: Date.now(), effectSeen: true }
      return action.verify(made, { ...context(), ...times })
    },
  }
}
