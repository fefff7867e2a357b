import { lowerMode } from '../../domain/playbook.ts'
import { isDemoted } from '../../domain/trial.ts'
import { block, type Gate, type GateFacts, pass } from './gate.ts'

/** The mode in force: the lowest of the ceiling, the playbook's own, and `approve` while it is demoted. */
export function modeOf({
  ceiling,
  playbook,
  stored: { demotion },
}: Pick<GateFacts, 'ceiling' | 'playbook' | 'stored'>) {
  return lowerMode(lowerMode(ceiling, playbook.mode), isDemoted(demotion, playbook) ? 'approve' : 'auto')
}

/** `observe` plans and records; with `approve` the last gate asks people, and `auto` acts. */
export const mode: Gate = {
  name: 'mode',
  soft: true,
  decide(facts) {
    const inForce = modeOf(facts)
    const { ceiling, playbook, stored } = facts
    const demotion = isDemoted(stored.demotion, playbook) ? stored.demotion : null
    const said = {
      ceiling,
      playbook: playbook.mode,
      manual: facts.incident.manual !== null,
      ...(demotion && { demoted: { since: demotion.since, reason: demotion.reason } }),
    }
    if (inForce !== 'observe') return pass(`mode is ${inForce}`, said)
    const unblock =
      ceiling === inForce
        ? 'raise mode in hepar.yaml'
        : `raise mode in the playbook (${playbook.file || playbook.name})`
    return block('mode is observe: plan only', {
      until: null,
      unblock,
      facts: said,
    })
  },
}
