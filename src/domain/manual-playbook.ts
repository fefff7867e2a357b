import { noApprovalRules } from './approval.ts'
import type { Incident } from './incident.ts'
import type { Playbook } from './playbook.ts'

/** A manual heal's stand-in for a playbook file: one step, proven by the action's own probe. */
export function manualPlaybook(incident: Pick<Incident, 'manual'>): Playbook {
  const { action, with: params } = incident.manual ?? { action: '', with: {} }
  return {
    name: 'manual',
    file: '',
    revision: 'manual',
    summary: 'A manual heal',
    priority: 0,
    when: { all: [] },
    target: [],
    dependsOn: [],
    mode: 'auto',
    continue: false,
    settleMs: 0,
    steps: [
      {
        kind: 'action',
        action,
        with: { kind: 'literal', value: params as never },
        timeoutMs: 60_000,
        holdMs: null,
        on: { ineffective: 'stop', failed: 'stop', unknown: 'stop' },
      },
    ],
    order: 'written',
    verify: [],
    forMs: 10_000,
    withinMs: 120_000,
    silence: false,
    limits: {
      cooldownMs: 0,
      attempts: [{ count: 10, windowMs: 3_600_000 }],
      rate: [],
      maxWaitMs: 900_000,
      blastRadius: null,
      activeHours: null,
      retryAfterMs: 0,
      demoteAfter: null,
      // Who asks for it by hand knows what others did.
      yieldForMs: 0,
    },
    reopenWithinMs: 0,
    approval: noApprovalRules,
  }
}
