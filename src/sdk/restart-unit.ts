import * as z from 'zod'
import { notNow } from './index.ts'
import type { RestartBy } from './redis-settings.ts'
import { type RestartWay, whyMismatch } from './restart-way.ts'
import { restartUnit, showUnit, type UnitState } from './systemd-unit.ts'

const pinShape = z.object({ unit: z.string(), invocation: z.string() })

/** A server that systemd restarts, with the stop timeout of its unit. */
export function byUnit({ unit }: RestartBy<'unit'>): RestartWay {
  return {
    async find(down, { signal }) {
      const state = await showUnit(unit, signal)
      const busy = whyNotNow(state) ?? whyMismatch(down, state.active === 'active')
      if (busy !== null) return notNow(`${unit} is not restarted now: ${busy}`, { unit: { ...state } })
      const words = `${unit}, which is ${state.active} (${state.sub})`
      return { pin: { unit, invocation: state.invocation }, words, evidence: { unit: { ...state } } }
    },

    async restart(_pin, _graceMs, { signal }) {
      await restartUnit(unit, signal)
      return { unit, invocation: (await showUnit(unit, signal)).invocation }
    },

    async whyNotRestarted(pin, _, { signal }) {
      const { active, sub, invocation } = await showUnit(unit, signal)
      if (active !== 'active') return `${unit} is ${active} (${sub})`
      return invocation !== '' && invocation !== pinShape.parse(pin).invocation ? null : `${unit} is still the same run`
    },
  }
}

function whyNotNow({ load, active, sub }: UnitState): string | null {
  if (load !== 'loaded') return `systemd has it as "${load}"`
  if (['active', 'inactive', 'failed'].includes(active)) return null
  return `it is ${active} (${sub})`
}
