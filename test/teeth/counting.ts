import { teethOf } from './tooth.ts'

const shared = { file: 'src/adapters/store/attempt-table.ts', test: 'test/adapters/store/counting.test.ts' }
const counted = 'of all playbooks, of one, and on one target, what began in each window is counted'
const pardoned = 'what a person has pardoned counts for no flapping and no loop'
const ill = 'ill are targets with an open incident, under an effect, or with one in force'

/** What the store counts for the gates of rate, flapping, loops and blast radius. */
export const counting = teethOf(shared, [
  {
    takes: 'that the rate counts what all playbooks begin',
    find: 'playbook === null ? begunByAll(from) : begunByPlaybook(playbook, from)',
    replace: "begunByPlaybook(playbook ?? '', from)",
    red: counted,
  },
  {
    takes: 'that the rate of a playbook counts its own',
    find: 'playbook === null ? begunByAll(from) : begunByPlaybook(playbook, from)',
    replace: 'begunByAll(from)',
    red: counted,
  },
  {
    takes: 'that what is done to a target is counted whoever does it',
    find: "begunOf(touching.where('target', '=', text).where('pardoned'",
    replace: "begunOf(ofTarget.where('pardoned'",
    red: counted,
  },
  {
    takes: 'that what was called off uses up nothing',
    find: "    .selectFrom('attempts')\n    .where(sql<boolean>`outcome is distinct from 'cancelled'`)\n",
    replace: "    .selectFrom('attempts')\n",
    red: counted,
  },
  {
    takes: 'that a person’s pardon ends the count of flapping',
    find: ".where('target', '=', text).where('pardoned', '=', sql.lit(0))",
    replace: ".where('target', '=', text)",
    red: pardoned,
  },
  {
    takes: 'that a person’s pardon ends the search for a loop',
    find: "      .where('pardoned', '=', sql.lit(0))\n      .orderBy('intended_at', 'desc')\n",
    replace: "      .orderBy('intended_at', 'desc')\n",
    red: pardoned,
  },
  {
    takes: 'that a target with an open incident is ill',
    find: "targets('incidents', sql<boolean>`state <> 'closed'`)",
    replace: "targets('incidents', sql<boolean>`state = 'acting'`)",
    red: ill,
  },
  {
    takes: 'that a target under an effect is ill',
    find: "          .union(targets('attempts', isActive))\n",
    replace: "          .union(targets('attempts', isInForce))\n",
    red: ill,
  },
  {
    takes: 'that a target with an effect in force is ill',
    find: "          .union(targets('attempts', isInForce))\n",
    replace: "          .union(targets('attempts', isActive))\n",
    red: ill,
  },
])
