import { colours } from '../colour.ts'
import type { Row } from '../grid.ts'
import { events, stat } from '../panel.ts'
import { count, growing, grown, ratio } from '../query.ts'
import { table } from '../table.ts'

const closed = 'hepar_incidents_closed_total'
const attempts = 'hepar_attempts_total'
// What was called off before it began has neither healed nor failed.
const tried = 'outcome!="cancelled"'

/** Does it work: healed or handed over, and how often by playbook? */
export const success: Row = {
  title: 'Does it work?',
  lines: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Healed',
          description:
            'Incidents of this time range that ended with proof after an effect of Hepar: healed, or mitigated by a temporary effect.',
          width: 6,
          unit: 'short',
          queries: [{ expr: count(grown(closed, 'ending=~"healed|mitigated"')) }],
          steps: [[0, 'green']],
          empty: 'not seen',
        }),
        stat({
          title: 'Handed over',
          description: 'How often in this time range Hepar gave an incident to a person.',
          width: 6,
          unit: 'short',
          queries: [{ expr: count(grown('hepar_audit_events_total', 'type="incident.handed_over"')) }],
          steps: [
            [0, 'green'],
            [1, 'orange'],
          ],
          empty: 'not seen',
        }),
        stat({
          title: 'Attempts that healed',
          description:
            'The share of attempts of this time range with proof of recovery. Attempts that were called off before they began do not count.',
          width: 6,
          unit: 'percentunit',
          decimals: 0,
          queries: [{ expr: ratio(grown(attempts, 'outcome="healed"'), grown(attempts, tried)) }],
          steps: [
            [0, 'red'],
            [0.5, 'orange'],
            [0.9, 'green'],
          ],
          empty: 'no attempt',
        }),
        stat({
          title: 'Outcome unknown',
          description:
            'Attempts of this time range of which nobody saw how they ended, because of a crash or a timeout. Hepar does not repeat them; look at each.',
          width: 6,
          unit: 'short',
          queries: [{ expr: count(grown(attempts, 'outcome="unknown"')) }],
          steps: [
            [0, 'green'],
            [1, 'red'],
          ],
          empty: 'not seen',
        }),
      ],
    },
    {
      height: 8,
      panels: [
        events({
          title: 'Incidents by ending',
          description:
            'When incidents closed, and how. A bar may count an event that lies on its edge twice; the numbers above and the table do not.',
          width: 12,
          unit: 'short',
          queries: [{ expr: count(growing(closed), 'ending'), legend: '{{ending}}' }],
          colours: colours.ending,
        }),
        events({
          title: 'Attempts by outcome',
          description:
            'When attempts were concluded, and how. "ineffective": the effect took place and the target stayed ill; "failed": it did not take place as planned.',
          width: 12,
          unit: 'short',
          queries: [{ expr: count(growing(attempts), 'outcome'), legend: '{{outcome}}' }],
          colours: colours.outcome,
        }),
      ],
    },
    {
      height: 8,
      panels: [
        table({
          title: 'Playbooks',
          description:
            'What each playbook did in this time range. "Escalated": the alert cleared after a person had it. Success: attempts with proof of recovery among those that began. "manual" stands for "hepar run".',
          width: 24,
          empty: 'No playbook is seen',
          rows: { playbook: 'Playbook' },
          columns: [
            { title: 'Closed', expr: count(grown(closed), 'playbook'), unit: 'short' },
            { title: 'Healed', expr: count(grown(closed, 'ending=~"healed|mitigated"'), 'playbook'), unit: 'short' },
            {
              title: 'Recovered by itself',
              expr: count(grown(closed, 'ending="self_recovered"'), 'playbook'),
              unit: 'short',
            },
            { title: 'Escalated', expr: count(grown(closed, 'ending="escalated"'), 'playbook'), unit: 'short' },
            { title: 'Not proven', expr: count(grown(closed, 'ending="unverified"'), 'playbook'), unit: 'short' },
            { title: 'Refused', expr: count(grown(closed, 'ending="refused"'), 'playbook'), unit: 'short' },
            { title: 'Attempts', expr: count(grown(attempts, tried), 'playbook'), unit: 'short' },
            {
              title: 'Success',
              expr: ratio(grown(attempts, 'outcome="healed"'), grown(attempts, tried), 'playbook'),
              unit: 'percentunit',
              more: [
                { id: 'min', value: 0 },
                { id: 'max', value: 1 },
                { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } },
                { id: 'color', value: { mode: 'continuous-RdYlGr' } },
              ],
            },
          ],
        }),
      ],
    },
  ],
}
