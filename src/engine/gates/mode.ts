import { lowerMode } from '../../domain/playbook.ts'
import { block, type Gate, type GateFacts, pass } from './gate.ts'

/** The mode in force: the lower of the ceiling and the playbook's own. */
export function modeOf({ ceiling, playbook }: Pick<GateFacts, 'ceiling' | 'playbook'>) {
  return lowerMode(ceiling, playbook.mode)
}

/** `observe` plans and records, `approve` asks, `auto` acts. A manual heal is its own approval. */
export const mode: Gate = {
  name: 'mode',
  soft: true,
  decide(facts) {
    const inForce = modeOf(facts)
    const said = { ceiling: facts.ceiling, playbook: facts.playbook.mode, manual: facts.incident.manual !== null }
    if (inForce === 'auto') return pass('mode is auto', said)
    if (inForce === 'approve' && facts.incident.manual) return pass('asked for by a person', said)
    const unblock =
      facts.ceiling === inForce
        ? 'raise mode in hepar.yaml'
        : `raise mode in the playbook (${facts.playbook.file || facts.playbook.name})`
    return block(inForce === 'observe' ? 'mode is observe: plan only' : 'mode is approve: a person decides', {
      until: null,
      unblock,
      facts: said,
    })
  },
}
