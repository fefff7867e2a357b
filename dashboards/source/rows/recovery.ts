import { colours } from '../colour.ts'
import type { Row } from '../grid.ts'
import { bars, events, points } from '../panel.ts'
import { count, growing, grown, quantile, ratio } from '../query.ts'
import { type Column, table } from '../table.ts'

const recovery = 'hepar_recovery_seconds'
const automatic = 'by="automation"'
const parts: readonly (readonly [phase: string, title: string])[] = [
  ['accept', '… until accepted'],
  ['decide', '… deciding, waiting'],
  ['act', '… acting'],
  ['verify', '… proving'],
  ['hold', '… held'],
]

// Divided by all recoveries of the row, so that the parts add up to the mean.
const part = ([phase, title]: (typeof parts)[number]): Column => ({
  title,
  expr: ratio(grown('hepar_phase_seconds_sum', `phase="${phase}"`), grown(`${recovery}_count`), 'by'),
  unit: 's',
  decimals: 1,
})

/** How long does it take, by who healed and by phase? */
export const recoveryTimes: Row = {
  title: 'How long does it take?',
  lines: [
    {
      height: 6,
      panels: [
        table({
          title: 'Time to recovery by who healed',
          description:
            'From the start of the alert to the proof, for incidents of this time range that recovered. Who: automation (an effect of Hepar, with proof), human (after a hand-over or an order), self (neither). What the alert waited for before it fired is not in it, nor are incidents still open, refused or cancelled. The last five columns add up to the mean; the hours of a person count as deciding, the time of a temporary effect as held. Median and 90 % are read off buckets up to 2 h: 2 h means 2 h or more.',
          width: 24,
          empty: 'Hepar is not seen',
          rows: { by: 'Who' },
          columns: [
            { title: 'Recoveries', expr: count(grown(`${recovery}_count`), 'by'), unit: 'short' },
            {
              title: 'Mean',
              expr: ratio(grown(`${recovery}_sum`), grown(`${recovery}_count`), 'by'),
              unit: 's',
              decimals: 1,
            },
            { title: 'Median', expr: quantile(0.5, grown(`${recovery}_bucket`), 'by'), unit: 's', decimals: 1 },
            { title: '90 %', expr: quantile(0.9, grown(`${recovery}_bucket`), 'by'), unit: 's', decimals: 1 },
            ...parts.map(part),
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        points({
          title: 'Time to recovery',
          description:
            'The mean of the incidents that recovered around each point, by who healed them. Never mixed: a fast automation beside slow people is no success of either.',
          width: 9,
          unit: 's',
          queries: [{ expr: ratio(growing(`${recovery}_sum`), growing(`${recovery}_count`), 'by'), legend: '{{by}}' }],
          colours: colours.credit,
        }),
        events({
          title: 'Where the time of an automatic recovery went',
          description:
            'Mean seconds of the incidents that Hepar healed around each point. Much "accept": look at the routes of Alertmanager; much "decide": at the gates; much "verify": at the proof and at scrape intervals.',
          width: 9,
          unit: 's',
          queries: [
            {
              expr: `sum by (phase) (${growing('hepar_phase_seconds_sum', `${automatic}, phase!="detect"`)}) / scalar(sum(${growing(`${recovery}_count`, automatic)}) > 0)`,
              legend: '{{phase}}',
            },
          ],
        }),
        bars({
          title: 'How long effects take',
          description:
            '90 % of the effects of this time range took no longer, by action. The deadline is the timeout of the step.',
          width: 6,
          unit: 's',
          decimals: 1,
          queries: [
            { expr: quantile(0.9, grown('hepar_action_duration_seconds_bucket'), 'action'), legend: '{{action}}' },
          ],
          steps: [[0, 'blue']],
          empty: 'no effect',
        }),
      ],
    },
  ],
}
