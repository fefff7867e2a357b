import type { Row } from '../grid.ts'
import { bars, events } from '../panel.ts'
import { count, growing, grown } from '../query.ts'

/** Why did it not act? */
export const gates: Row = {
  title: 'Why did it not act?',
  lines: [
    {
      height: 8,
      panels: [
        bars({
          title: 'Gate blocks',
          description:
            'How often in this time range a gate made an incident wait or refused it. The runbook in docs/operations.md says of each gate what unblocks it; "hepar show" of one incident names the reason.',
          width: 6,
          unit: 'short',
          queries: [{ expr: count(grown('hepar_gate_blocks_total'), 'gate'), legend: '{{gate}}' }],
          steps: [
            [0, 'text'],
            [1, 'orange'],
          ],
          empty: 'not seen',
        }),
        events({
          title: 'Gate blocks in time',
          description:
            'When gates blocked. One incident that waits at the same gate counts once each time it is held back anew.',
          width: 9,
          unit: 'short',
          queries: [{ expr: count(growing('hepar_gate_blocks_total'), 'gate'), legend: '{{gate}}' }],
        }),
        events({
          title: 'Alerts by decision',
          description:
            'What became of the alerts in deliveries. "unmatched": no playbook takes them; "rejected": the target cannot be told from the labels; "stale": older than what is known, or over. "hepar alerts" gives the reason of each.',
          width: 9,
          unit: 'short',
          queries: [{ expr: count(growing('hepar_alerts_total'), 'decision'), legend: '{{decision}}' }],
        }),
      ],
    },
  ],
}
