import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ActionInfo } from '../../domain/action.ts'
import type { Limits } from '../../domain/config.ts'
import type { JsonObject } from '../../domain/json.ts'
import { parseTarget } from '../../domain/target.ts'
import { messageOf } from '../../engine/errors.ts'
import type { Actions, Clock, Log, Runner } from '../../engine/ports.ts'
import { type Catalogue, describeFolders } from './catalogue.ts'
import { createFamilies } from './families.ts'
import { type LiveRunner, startRunner } from './live-runner.ts'
import { createMemoryWatch } from './memory-watch.ts'
import { effectResult, planOutcome, verifyResult } from './outcomes.ts'
import { type ParamPath, type ParamProblem, problemsOf } from './params.ts'
import { createReaders } from './readers.ts'
import { runnerLimits } from './runner-limits.ts'
import { createRunnerPool } from './runner-pool.ts'
import { endSurvivors } from './survivors.ts'
import { unsaid, veiled } from './veil.ts'

/** What an action is told about its target, or why there is nothing to tell. */
export type PlaceSettings = { readonly settings: JsonObject } | { readonly unmapped: string }
export type SettingsFor = (action: string, target: string) => PlaceSettings

export interface ActionsOptions {
  /** What people see of no answer of a plugin: every secret of the configuration, longer ones first. */
  readonly secrets?: () => readonly string[]
  readonly limits: Pick<Limits, 'runnerMemoryBytesMax' | 'runnerOutputBytesMax' | 'planTimeoutMs' | 'startWithinMs'>
  readonly settingsFor: SettingsFor
  readonly log: Log
  readonly clock: Clock
  /** Blank runners kept ready; 0 for commands that only describe and check. */
  readonly poolSize?: number
  /** How long one plugin may take to be imported and described. */
  readonly describeMs?: number
  /** How long a reader is kept after its last question. */
  readonly readerIdleMs?: number
}

/** Plugins in processes of their own, with what the loaders of playbooks and plugins need. */
export interface PluginActions extends Actions {
  /** Imports every plugin of the folders, away from Hepar and, but for its own, from each other; never rejects. */
  /** `pins` has the SHA-256 that the files of some plugins must have, by name. */
  describe(folders: readonly string[], pins?: Readonly<Record<string, string>>): Promise<Catalogue>
  /** Asks the plugin's own schema about parameters; what lies at or below a templated path is left to the plan. */
  checkParams(action: ActionInfo, params: unknown, templated: readonly ParamPath[]): Promise<readonly ParamProblem[]>
}

const poolSizeDefault = 2
const ownPlugins = fileURLToPath(new URL('../../../plugins', import.meta.url))

export function createActions(options: ActionsOptions): PluginActions {
  const {
    limits,
    settingsFor,
    log,
    clock,
    poolSize = poolSizeDefault,
    describeMs,
    readerIdleMs,
    secrets = () => [],
  } = options
  const families = createFamilies()
  const bytesMax = limits.runnerMemoryBytesMax
  const memory = createMemoryWatch({ families, bytesMax, everyMs: runnerLimits.memoryEveryMs, log })
  const start = () => startRunner({ limits, families, memory, log })
  const pool = createRunnerPool({ size: poolSize, start, log })
  const readers = createReaders(pool, { idleMs: readerIdleMs, isOwn: (file) => dirname(file) === ownPlugins })

  return {
    describe: (folders, pins) => describeFolders(readers, folders, { ...(pins && { pins }), describeMs }),

    async checkParams(action, params, templated) {
      const request = { verb: 'check', ...fileOf(action), params } as const
      return problemsOf(action, await readers.ask(action, request, limits.planTimeoutMs), templated)
    },

    async plan(call) {
      const { action, target, params, now } = call
      const place = placeOf(action, target, settingsFor)
      if ('unmapped' in place) return { kind: 'refused', reason: place.unmapped, final: true, evidence: {} }
      if ('unreadable' in place) return { kind: 'failed', reason: place.unreadable }
      const request = { verb: 'plan', ...fileOf(action), params, target, settings: place.settings, now } as const
      const said = await readers.ask(action, request, limits.planTimeoutMs)
      return planOutcome(call, veiled(said, unsaid(secrets(), target, params)), said)
    },

    async verify({ action, plan, intendedAt, effectEndedAt, effectSeen }) {
      const check = `action: ${action.name}`
      const place = placeOf(action, plan.target, settingsFor)
      if (!('settings' in place)) return { check, passed: false, positive: true, detail: reasonOf(place) }
      const times = { now: clock.now(), intendedAt, effectEndedAt, effectSeen }
      const request = { verb: 'verify', ...fileOf(action), plan, settings: place.settings, ...times } as const
      const said = await readers.ask(action, request, limits.planTimeoutMs)
      return verifyResult(check, veiled(said, unsaid(secrets(), plan.target, plan.params)))
    },

    reserve: async (action) => reserved(await loaded(await pool.take(), action, limits.planTimeoutMs), options),
    endSurvivors,

    async close() {
      readers.close()
      await pool.close()
    },
  }
}

/** Imports the plugin ahead: the time that takes must not lie between the intent and the effect. */
async function loaded(runner: LiveRunner, action: ActionInfo, timeoutMs: number): Promise<LiveRunner> {
  const reply = await runner.ask({ verb: 'describe', ...fileOf(action) }, { timeoutMs })
  if (reply.kind === 'answered' && reply.answer.kind === 'value') return runner
  await runner.end('its plugin could not be loaded')
  throw new Error(`the plugin ${action.name} could not be loaded for an effect: ${JSON.stringify(reply)}`)
}

function reserved(
  runner: LiveRunner,
  { settingsFor, clock, secrets = () => [], limits: { startWithinMs } }: ActionsOptions,
): Runner {
  return {
    identity: runner.identity,
    async run({ verb, action, plan, idempotencyKey, intendedAt, deadlineAt, signal }) {
      try {
        const place = placeOf(action, plan.target, settingsFor)
        if (!('settings' in place)) return { kind: 'not_started', reason: reasonOf(place) }
        if (signal.aborted) return { kind: 'not_started', reason: 'Hepar is stopping' }
        const now = clock.now()
        if (deadlineAt <= now) return { kind: 'not_started', reason: 'the deadline had passed before the start' }
        const times = { now, intendedAt, deadlineAt, startWithinMs }
        const request = {
          verb,
          ...fileOf(action),
          plan,
          settings: place.settings,
          idempotencyKey,
          ...times,
        } as const
        const reply = await runner.ask(request, { timeoutMs: deadlineAt - now, signal })
        return effectResult(veiled(reply, unsaid(secrets(), plan.target, plan.params)))
      } finally {
        await runner.end('its effect is over')
      }
    },
    async discard() {
      await runner.end('it was not needed')
    },
  }
}

type Place = PlaceSettings | { readonly unreadable: string }

function placeOf(action: ActionInfo, target: string, settingsFor: SettingsFor): Place {
  const reading = parseTarget(target)
  if (!reading.ok) return { unmapped: reading.reason }
  if (reading.target.kind !== action.kind) {
    return { unmapped: `${action.name} acts on a ${action.kind}, not on ${target}` }
  }
  try {
    return settingsFor(action.name, target)
  } catch (error) {
    return { unreadable: `the settings of ${target} cannot be read: ${messageOf(error)}` }
  }
}

function reasonOf(place: { readonly unmapped: string } | { readonly unreadable: string }): string {
  return 'unmapped' in place ? place.unmapped : place.unreadable
}

function fileOf({ file, fileDigest }: ActionInfo): { file: string; fileDigest: string } {
  return { file, fileDigest }
}
