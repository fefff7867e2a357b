import { block, type Gate, pass } from './gate.ts'

/** One attempt at a time on a target, from intent until verification ends. */
export const targetLock: Gate = {
  name: 'target_lock',
  decide({ stored: { holder } }) {
    if (holder === null) return pass('no attempt holds the target')
    return block(`an attempt of "${holder.playbook}" holds the target`, {
      until: holder.verifyUntil ?? holder.deadlineAt,
      unblock: `wait until attempt ${holder.id} is concluded`,
      facts: { attempt: holder.id, incident: holder.incident },
    })
  },
}
