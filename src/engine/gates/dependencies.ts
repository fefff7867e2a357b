import { block, type Gate, notApplicable, pass } from './gate.ts'

/** The cause first: nothing starts while something that the target depends on has an open incident. */
export const dependencies: Gate = {
  name: 'dependencies',
  decide({ stored: { dependencies }, incident }) {
    if (!dependencies.ok) {
      return block(`what the target depends on cannot be told: ${dependencies.reason}`, {
        until: null,
        unblock: 'correct dependsOn of the playbook, or give the alert the label that it names',
      })
    }
    const { targets, open } = dependencies
    if (targets.length === 0) return notApplicable('it depends on nothing')
    if (targets.includes(incident.target)) {
      return block('it depends on itself', { until: null, unblock: 'correct dependsOn of the playbook' })
    }
    const [first] = open
    if (first === undefined) return pass('nothing that it depends on is ill', { targets: [...targets] })
    const others = open.length === 1 ? '' : ` (and ${open.length - 1} more)`
    return block(`${first.target} is ill first, in the incident ${first.id}${others}`, {
      until: null,
      unblock: `wait until ${first.id} is closed: hepar show ${first.id}`,
      facts: {
        on: [...new Set(open.map(({ target }) => target))],
        incidents: open.map(({ id, playbook, target, state }) => ({ id, playbook, target, state })),
      },
    })
  },
}
