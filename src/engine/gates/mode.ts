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

/** `observe` plans and records, `approve` asks, `auto` acts. A manual heal is its own approval. */
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
    if (inForce === 'auto') return pass('mode is auto', said)
    if (inForce === 'approve' && facts.incident.manual) return pass('asked for by a person', said)
    if (demotion !== null && lowerMode(ceiling, playbook.mode) === 'auto') {
      return block(`the playbook is demoted to approve, a person decides: ${demotion.reason}`, {
        until: null,
        unblock: `see why it fails, then: hepar promote ${playbook.name}, or change its file`,
        facts: said,
      })
    }
    const unblock =
      ceiling === inForce
        ? 'raise mode in hepar.yaml'
        : `raise mode in the playbook (${playbook.file || playbook.name})`
    return block(inForce === 'observe' ? 'mode is observe: plan only' : 'mode is approve: a person decides', {
      until: null,
      unblock,
      facts: said,
    })
  },
}
