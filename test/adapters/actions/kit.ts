import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { type ActionsOptions, createActions, type PluginActions } from '../../../src/adapters/actions/actions.ts'
import type { ActionInfo } from '../../../src/domain/action.ts'
import type { Plan } from '../../../src/domain/attempt.ts'
import { defaultLimits } from '../../../src/domain/config.ts'
import type { JsonObject } from '../../../src/domain/json.ts'
import type { EffectResult, Log, Runner } from '../../../src/engine/ports.ts'

export const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))

export interface LoggedLine {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

const opened: Bench[] = []
afterAll(async () => {
  await Promise.all(opened.map(({ actions }) => actions.close()))
  for (const { folder } of opened) rmSync(folder, { recursive: true, force: true })
})

/** Actions over the fixture plugins, a folder that they write into, and what was logged. */
export interface Bench {
  readonly actions: PluginActions
  readonly folder: string
  readonly logged: readonly LoggedLine[]
  action(name: string): ActionInfo
  /** Plans and returns the plan, or fails the test. */
  planned(name: string, params?: Readonly<Record<string, unknown>>): Promise<Plan>
  run(name: string, params?: Readonly<Record<string, unknown>>, timeoutMs?: number): Promise<EffectResult>
  /** Pids that the plugin wrote down for its children. */
  children(): number[]
}

export async function openBench(options: Partial<ActionsOptions> = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-actions-'))
  const { log, logged } = recordLog()
  const actions = createActions({
    limits: { ...defaultLimits, planTimeoutMs: 10_000 },
    settingsFor: () => ({ settings: { folder } }),
    log,
    clock: { now: Date.now },
    ...options,
  })
  const catalogue = await actions.describe([join(fixtures, 'plugins')])
  const bench: Bench = {
    actions,
    folder,
    logged,
    action(name) {
      const found = catalogue.actions.find((action) => action.name === name)
      if (found === undefined) throw new Error(`no action ${name}: ${JSON.stringify(catalogue.broken)}`)
      return found
    },
    async planned(name, params = {}) {
      const call = { action: bench.action(name), target: 'service/it', params, now: Date.now() }
      const outcome = await actions.plan(call)
      if (outcome.kind !== 'planned') throw new Error(`not planned: ${JSON.stringify(outcome)}`)
      return outcome.plan
    },
    async run(name, params = {}, timeoutMs = 20_000) {
      const plan = await bench.planned(name, params)
      return start(await actions.reserve(bench.action(name)), bench.action(name), plan, timeoutMs)
    },
    children: () => readPids(join(folder, 'children')),
  }
  opened.push(bench)
  return bench
}

export function start(
  runner: Runner,
  action: ActionInfo,
  plan: Plan,
  timeoutMs = 20_000,
  verb: 'run' | 'revert' = 'run',
): Promise<EffectResult> {
  const intendedAt = Date.now()
  const { signal } = new AbortController()
  const deadlineAt = intendedAt + timeoutMs
  return runner.run({ verb, action, plan, idempotencyKey: 'key-1', intendedAt, deadlineAt, signal })
}

export function recordLog(): { log: Log; logged: LoggedLine[] } {
  const logged: LoggedLine[] = []
  const at =
    (level: string) =>
    (fields: JsonObject, message: string): void => {
      logged.push({ level, fields, message })
    }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as Log, logged }
}

export function readPids(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Waits for a condition; fails with what was awaited. */
export async function until(what: string, condition: () => boolean, withinMs = 10_000): Promise<number> {
  const begun = performance.now()
  while (!condition()) {
    if (performance.now() - begun > withinMs) throw new Error(`waited ${withinMs} ms in vain until ${what}`)
    await setTimeout(10)
  }
  return performance.now() - begun
}
