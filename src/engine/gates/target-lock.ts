import { block, type Gate, pass } from './gate.ts'

/** One attempt at a time on a target, from intent until verification ends, and one temporary effect until it is taken back. */
export const targetLock: Gate = {
  name: 'target_lock',
  decide({ stored: { holder, effect }, incident, temporary }) {
    if (holder === null && temporary && effect !== null) {
      return block(`a temporary effect of "${effect.playbook}" is in force on the target`, {
        until: null,
        unblock: `wait until the effect of attempt ${effect.id} is taken back`,
        facts: { attempt: effect.id, incident: effect.incident },
      })
    }
    if (holder === null) return pass('no attempt holds the target')
    const what = holder.target === incident.target ? 'the target' : `what is to be touched, by ${holder.target}`
    return block(`an attempt of "${holder.playbook}" holds ${what}`, {
      until: holder.verifyUntil ?? holder.deadlineAt,
      unblock: `wait until attempt ${holder.id} is concluded`,
      facts: { attempt: holder.id, incident: holder.incident },
    })
  },
}
