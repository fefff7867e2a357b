import * as z from 'zod'
import { notNow, refuse } from './index.ts'
import type { RestartBy } from './redis-settings.ts'
import { type RestartWay, whyMismatch } from './restart-way.ts'
import { showUnit, type UnitState, unitObject } from './systemctl.ts'
import { unitChange } from './unit-change.ts'
import { unitEvidence, unitFacts } from './unit-evidence.ts'
import { restartUnitWithin, whyNeverUnit } from './unit-restart.ts'

const pinShape = z.object({ unit: z.string(), invocation: z.string() })

/** A server that systemd restarts, with the stop timeout of its unit. */
export function byUnit({ unit }: RestartBy<'unit'>): RestartWay {
  return {
    async find(down, { signal }) {
      const state = await showUnit(unit, signal)
      const never = whyNeverUnit(state, unit)
      if (never !== null) return refuse(`${unit} is not restarted: ${never}`, { unit: unitFacts(state) })
      const evidence = { unit: await unitEvidence(state, signal) }
      const busy = whyNotNow(state) ?? whyMismatch(down, state.active === 'active')
      if (busy !== null) return notNow(`${unit} is not restarted now: ${busy}`, evidence)
      const words = `${unit}, which is ${state.active} (${state.sub})`
      const pin = { unit, invocation: state.invocation }
      return { pin, words, touches: [unitObject(unit)], evidence, changed: unitChange(state) }
    },

    async restart(_pin, _graceMs, context) {
      await restartUnitWithin(unit, context)
      return { unit, invocation: (await showUnit(unit, context.signal)).invocation }
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
