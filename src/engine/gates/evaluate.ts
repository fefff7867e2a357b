import type { GateReport, Verdict } from '../../domain/gate.ts'
import { activeHours } from './active-hours.ts'
import { approval } from './approval.ts'
import { attemptBudget } from './attempt-budget.ts'
import { blastRadius } from './blast-radius.ts'
import { cascade } from './cascade.ts'
import { cooldown } from './cooldown.ts'
import { dependencies } from './dependencies.ts'
import { flapping } from './flapping.ts'
import { freshness } from './freshness.ts'
import type { Gate, GateFacts, Need } from './gate.ts'
import { mode } from './mode.ts'
import { override } from './override.ts'
import { pauses } from './pauses.ts'
import { rate } from './rate.ts'
import { stopSwitch } from './stop-switch.ts'
import { stormLatch } from './storm-latch.ts'
import { target } from './target.ts'
import { targetLock } from './target-lock.ts'

/** The fixed order. A later gate slots in here and nowhere else. */
export const gates: readonly Gate[] = [
  stopSwitch,
  mode,
  pauses,
  activeHours,
  freshness,
  target,
  override,
  dependencies,
  attemptBudget,
  flapping,
  cascade,
  cooldown,
  rate,
  blastRadius,
  stormLatch,
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
    if (gate.needs && facts[gate.needs] === undefined) {
      const early = blockedEarly(facts)
      return early ? decided('wait', [...reports, early], early) : { kind: 'gather', need: gate.needs }
    }
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

/** What a later gate holds up anyway is not worth a question to the world. */
function blockedEarly(facts: GateFacts): GateReport | null {
  const early = gates.filter((gate) => gate.early)
  const reports = early.map((gate): GateReport => ({ gate: gate.name, ...gate.decide(facts) }))
  return reports.find(({ result }) => result === 'block') ?? null
}

function decided(verdict: Verdict['verdict'], gates: readonly GateReport[], blockedBy: GateReport | null): Evaluation {
  return { kind: 'verdict', verdict: { verdict, gates, blockedBy } }
}
