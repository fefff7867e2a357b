import { isDeepStrictEqual } from 'node:util'
import { defineAction, duration, notNow, type PlanContext, refuse, z } from '../src/sdk/index.ts'
import { logEvidence } from '../src/sdk/log-lines.ts'
import { printable } from '../src/sdk/printable.ts'
import { whyDangerous, whyEmpty } from '../src/sdk/redis-danger.ts'
import { infoFacts } from '../src/sdk/redis-info.ts'
import { openRedis, pingRedis } from '../src/sdk/redis-link.ts'
import { whyNotWell } from '../src/sdk/redis-proof.ts'
import { addressOf, type RedisSettings, serverObject, settingsOf } from '../src/sdk/redis-settings.ts'
import { describeState, downOf, type RedisState, restartInstead } from '../src/sdk/redis-state.ts'
import { byCommand } from '../src/sdk/restart-command.ts'
import { byContainer } from '../src/sdk/restart-container.ts'
import { byUnit } from '../src/sdk/restart-unit.ts'
import type { RestartWay } from '../src/sdk/restart-way.ts'

const graceMsMax = 5 * 60_000
// A plan waits for up to two answers, and has to end within its own time.
const answerMsMax = 5_000

// What ending and starting take beside the grace.
const restartMs = 5_000

const pinShape = z.object({ address: z.string(), restarted: z.record(z.string(), z.json()) })

export default defineAction({
  summary: 'Restart one Redis that gives no answer',
  kind: 'redis',
  risk: 'reversible',
  idempotent: false,
  params: z.strictObject({
    // How long a connection and an answer are waited for before the server counts as silent.
    answer: duration('3s').refine((ms) => ms >= 100 && ms <= answerMsMax, 'answer is between 100ms and 5s'),
    grace: duration('10s').refine((ms) => ms <= graceMsMax, 'grace is at most 5m'),
  }),

  async plan(target, { answer }, context) {
    const settings = settingsOf(target, context.settings)
    const way = wayOf(settings)
    if (way === null) return refuse(`nothing says how ${target.text} is restarted: state redis.${target.name}.restart`)
    const { state, evidence } = await lookAt(settings, answer, context)
    const where = `${target.text} (${addressOf(settings)})`
    const down = downOf(state)
    if (down === null) {
      const instead = restartInstead[state.kind] ?? 'whether a restart would help is not known'
      return notNow(`${where} is not restarted: ${describeState(state)}; ${instead}`, evidence)
    }
    const danger = whyDangerous(settings)
    if (danger !== null) return refuse(`${where} is not restarted: ${danger}`, evidence)
    const empty = await whyEmpty(settings)
    if (empty !== null) return notNow(`${where} is not restarted: ${empty}`, evidence)
    const found = await way.find(down, context)
    if ('refused' in found) return { ...found, evidence: { ...evidence, ...found.evidence } }
    return {
      pin: { address: addressOf(settings), restarted: found.pin },
      touches: [serverObject(settings), ...found.touches],
      ...(found.changed && { changed: found.changed }),
      summary: `Restart redis ${target.name} on ${addressOf(settings)} by ${found.words}: ${describeState(state)}`,
      evidence: { ...evidence, ...found.evidence },
    }
  },

  async run({ target, params, pin }, context) {
    const settings = settingsOf(target, context.settings)
    const way = wayOf(settings)
    if (way === null) throw nothingDone('it is no longer said how it is restarted')
    if (context.now + params.answer + params.grace + restartMs >= context.deadlineAt) {
      throw nothingDone(`answer and grace with ${restartMs / 1_000}s more do not fit into the step's timeout; raise it`)
    }
    const state = await pingRedis(settings, { signal: context.signal, answerMs: params.answer })
    const down = downOf(state)
    if (down === null) throw nothingDone(describeState(state))
    const found = await way.find(down, context)
    if ('refused' in found) throw nothingDone(found.refused)
    const { address, restarted } = pinShape.parse(pin)
    if (address !== addressOf(settings) || !isDeepStrictEqual(found.pin, restarted)) {
      throw nothingDone('what would be restarted is no longer what was planned')
    }
    return way.restart(restarted, params.grace, context)
  },

  async verify({ target, params, pin }, context) {
    const settings = settingsOf(target, context.settings)
    const way = wayOf(settings)
    if (way === null) return { passed: false, detail: 'it is no longer said how it is restarted' }
    const { state, link } = await openRedis(settings, { signal: context.signal, answerMs: params.answer })
    if (link === null) return { passed: false, detail: describeState(state) }
    try {
      const now = Date.now()
      const info = await link.info()
      const bad =
        (await way.whyNotRestarted(pinShape.parse(pin).restarted, info.processId, context)) ??
        // What was asked for and not seen to end may still have been in its grace when it was given up.
        whyNotWell(info, settings, { ...context, now }, params.grace + restartMs)
      if (bad !== null) return { passed: false, detail: bad }
      const since = `run ${info.runId.slice(0, 12)} since ${info.uptimeSeconds}s`
      return { passed: true, detail: `PONG from ${addressOf(settings)}: ${info.role}, ${since}, nothing left to load` }
    } finally {
      link.close()
    }
  },
})

function wayOf(settings: RedisSettings): RestartWay | null {
  const { restart } = settings
  if (restart === null) return null
  if (restart.by === 'container') return byContainer(restart)
  return restart.by === 'unit' ? byUnit(restart) : byCommand(settings, restart)
}

/** Its state and, where it speaks, what it says of itself beside what the configuration says of it. */
async function lookAt(settings: RedisSettings, answerMs: number, { signal }: PlanContext) {
  const { role, persistence, failover } = settings
  const configured = { role, persistence, failover }
  const { state, link } = await openRedis(settings, { signal, answerMs })
  const evidence = { state: state.kind, said: state.said, configured, ...(await logEvidence(settings.logFile)) }
  if (link === null) return { state: state as RedisState, evidence }
  try {
    const info = await link.info()
    const misplaced = info.role === 'slave' && info.readOnly && role !== 'replica'
    const seen: RedisState = misplaced ? { kind: 'readonly', said: `of ${info.master}` } : state
    return { state: seen, evidence: { ...evidence, state: seen.kind, info: infoFacts(info) } }
  } catch (error) {
    return {
      state: state as RedisState,
      evidence: { ...evidence, infoMissing: printable((error as Error).message, 300) },
    }
  } finally {
    link.close()
  }
}

function nothingDone(why: string): Error {
  return new Error(`nothing was done: ${why}`)
}
