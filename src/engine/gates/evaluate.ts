import type { GateReport, Verdict } from '../../domain/gate.ts'
import { approval } from './approval.ts'
import { attemptBudget } from './attempt-budget.ts'
import { cooldown } from './cooldown.ts'
import { freshness } from './freshness.ts'
import type { Gate, GateFacts, Need } from './gate.ts'
import { mode } from './mode.ts'
import { stopSwitch } from './stop-switch.ts'
import { target } from './target.ts'
import { targetLock } from './target-lock.ts'

/** The fixed order. A later gate slots in here and nowhere else. */
export const gates: readonly Gate[] = [
  stopSwitch,
  mode,
  freshness,
  target,
  attemptBudget,
  cooldown,
  targetLock,
  approval,
]

/** Either what the gates decided together, or what must be gathered before they can go on. */
export type Evaluation =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'gather'; readonly need: Need }

/** Runs the gates in order up to the first hard block. Pure: what is missing is asked for, never fetched. */
export function evaluateGates(facts: GateFacts): Evaluation {
  const reports: GateReport[] = []
  let soft: GateReport | null = null
  for (const gate of gates) {
    if (gate.needs && facts[gate.needs] === undefined) return { kind: 'gather', need: gate.needs }
    const report: GateReport = { gate: gate.name, ...gate.decide(facts) }
    reports.push(report)
    if (report.result !== 'block') continue
    if (gate.soft) soft = report
    else return decided(verdictOf(report), reports, report)
  }
  return soft === null ? decided('run', reports, null) : decided('would_run', reports, soft)
}

function verdictOf(block: Extract<GateReport, { result: 'block' }>): Verdict['verdict'] {
  if (block.final) return 'refuse'
  return block.asks ? 'ask' : 'wait'
}

function decided(verdict: Verdict['verdict'], gates: readonly GateReport[], blockedBy: GateReport | null): Evaluation {
  return { kind: 'verdict', verdict: { verdict, gates, blockedBy } }
}
