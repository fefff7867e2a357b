import type { Outcome } from '../../src/domain/attempt.ts'
import type { Credit, Ending, IncidentState } from '../../src/domain/incident.ts'
import type { Mode } from '../../src/domain/playbook.ts'

/** One meaning, one colour, everywhere: green is proven, blue is under way, orange waits, red wants a person. */
export const colours = {
  state: {
    open: 'yellow',
    waiting: 'orange',
    awaiting_approval: 'dark-orange',
    acting: 'blue',
    verifying: 'light-blue',
    holding: 'purple',
    handed_over: 'red',
    closed: 'green',
  } satisfies Record<IncidentState, string>,
  ending: {
    healed: 'green',
    mitigated: 'light-green',
    self_recovered: 'blue',
    escalated: 'red',
    unverified: 'orange',
    refused: 'purple',
    cancelled: 'text',
  } satisfies Record<Ending, string>,
  outcome: {
    healed: 'green',
    ineffective: 'orange',
    failed: 'red',
    unknown: 'dark-red',
    unverified: 'yellow',
    cancelled: 'text',
  } satisfies Record<Outcome, string>,
  credit: { automation: 'green', human: 'red', self: 'blue' } satisfies Record<Credit, string>,
  mode: { observe: 'blue', approve: 'yellow', auto: 'green' } satisfies Record<Mode, string>,
} as const
