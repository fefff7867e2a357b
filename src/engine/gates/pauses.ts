import { lastEnd, pausesOver } from '../facts/pauses.ts'
import { block, type Gate, pass } from './gate.ts'

/** Nothing starts while a pause or a window of maintenance covers its playbook and target, however many others are lifted. */
export const pauses: Gate = {
  name: 'pauses',
  decide({ stored, windows, incident, playbook, now }) {
    const about = { playbook: playbook.name, target: incident.target }
    const held = pausesOver({ pauses: stored.pauses, windows }, about, now)
    const [first] = held
    if (first === undefined) return pass('no pause and no window of maintenance covers it')
    const others = held.length === 1 ? '' : ` (and ${held.length - 1} more)`
    const mine = held.filter(({ kind }) => kind !== 'window').map(({ id }) => `hepar unpause ${id}`)
    return block(
      first.kind === 'window'
        ? `in the window of maintenance "${first.id}": ${first.reason}${others}`
        : `paused by ${first.by}: ${first.reason}${others}`,
      {
        until: lastEnd(held),
        unblock: ['wait until all of them have ended', ...mine].join(', or lift: ').slice(0, 500),
        facts: { pauses: held.map((pause) => ({ ...pause })) },
      },
    )
  },
}
