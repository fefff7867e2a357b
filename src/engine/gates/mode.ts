import { lowerMode } from '../../domain/playbook.ts'
import { block, type Gate, type GateFacts, pass } from './gate.ts'

/** The mode in force: the lower of the ceiling and the playbook's own. */
export function modeOf({ ceiling, playbook }: Pick<GateFacts, 'ceiling' | 'playbook'>) {
  return lowerMode(ceiling, playbook.mode)
}

/** `observe` plans and records; with `approve` the last gate asks people, and `auto` acts. */
export const mode: Gate = {
  name: 'mode',
  soft: true,
  decide(facts) {
    const inForce = modeOf(facts)
    const said = { ceiling: facts.ceiling, playbook: facts.playbook.mode, manual: facts.incident.manual !== null }
    if (inForce !== 'observe') return pass(`mode is ${inForce}`, said)
    const unblock =
      facts.ceiling === inForce
        ? 'raise mode in hepar.yaml'
        : `raise mode in the playbook (${facts.playbook.file || facts.playbook.name})`
    return block('mode is observe: plan only', {
      until: null,
      unblock,
      facts: said,
    })
  },
}
