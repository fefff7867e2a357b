import * as z from 'zod'
import { notNow, refuse } from './index.ts'
import { outcomeUnknown } from './outcome-unknown.ts'
import type { RestartBy } from './redis-settings.ts'
import { type RestartWay, whyMismatch } from './restart-way.ts'
import { restartUnit, showUnit, type UnitState, whyNeverUnit, wordsOf } from './systemctl.ts'
import { unitEvidence, unitFacts } from './unit-evidence.ts'

const pinShape = z.object({ unit: z.string(), invocation: z.string() })

// What is left of the step's time after systemctl, to say how it ended.
const reportMs = 500

/** A server that systemd restarts, with the stop timeout of its unit. */
export function byUnit({ unit }: RestartBy<'unit'>): RestartWay {
  return {
    async find(down, { signal }) {
      const state = await showUnit(unit, signal)
      const never = whyNeverUnit(state, unit)
      if (never !== null) return refuse(`${unit} is not touched: ${never}`, { unit: unitFacts(state) })
      const evidence = { unit: await unitEvidence(state, signal) }
      const busy = whyNotNow(state) ?? whyMismatch(down, state.active === 'active')
      if (busy !== null) return notNow(`${unit} is not restarted now: ${busy}`, evidence)
      const words = `${unit}, which is ${state.active} (${state.sub})`
      return { pin: { unit, invocation: state.invocation }, words, evidence }
    },

    async restart(_pin, _graceMs, { signal, deadlineAt }) {
      const timeoutMs = deadlineAt - Date.now() - reportMs
      if (timeoutMs <= 0) throw new Error("nothing was done: no time is left of the step's timeout; raise it")
      const ended = await restartUnit(unit, signal, timeoutMs)
      const advice = `see: journalctl -u ${unit}`
      // The job that was asked for goes on without systemctl.
      if (ended.code === null) throw outcomeUnknown(`the restart was asked for, but ${wordsOf(ended)}; ${advice}`)
      if (ended.code !== 0) throw new Error(`systemd could not restart ${unit}: ${wordsOf(ended)}; ${advice}`)
      return { unit }
    },

    async whyNotRestarted(pin, _, { signal }) {
      const { active, sub, invocation } = await showUnit(unit, signal)
      if (active !== 'active') return `${unit} is ${active} (${sub})`
      return invocation !== '' && invocation !== pinShape.parse(pin).invocation ? null : `${unit} is still the same run`
    },
  }
}

function whyNotNow({ active, sub }: UnitState): string | null {
  if (['active', 'inactive', 'failed'].includes(active)) return null
  return `it is ${active} (${sub})`
}
