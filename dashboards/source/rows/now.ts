import { colours } from '../colour.ts'
import type { Row } from '../grid.ts'
import { level, stat, timeline } from '../panel.ts'
import { ofHepar, own } from '../query.ts'
import { table } from '../table.ts'
import type { Steps } from '../value.ts'

const unseen = 'not seen'
const none = (colour: string): Steps => [
  [0, 'green'],
  [1, colour],
]
const incidents = (states: string) => `sum(${own('hepar_incidents', `state=~"${states}"`)})`
const health = own('hepar_container_health_status')
const safeMode = own('hepar_safe_mode')
// One Hepar's "local" is not another one's: containers are told apart by who sees them, too.
const container = 'instance, host, name'
// Of samples that are -1, 0 or 1, the mean of the squares is 1 unless one is 0. A subquery would miss what is shorter than its step.
const wasIll = `stdvar_over_time(${health}[$__range] @ end()) + avg_over_time(${health}[$__range] @ end()) ^ 2 < 0.9999999`
const healthWords = { '-1': ['no verdict', 'text'], '0': ['ill', 'red'], '1': ['healthy', 'green'] } as const

/** Is anything ill, is Hepar acting, is it paused, what waits for me? */
export const now: Row = {
  title: 'Now: is anything ill, does Hepar act, what waits for you?',
  lines: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Hepar',
          description:
            'Whether Prometheus can scrape every Hepar that it saw in this time range. DOWN: nothing is healed, and the panels beside see nothing of that Hepar. "not seen": none was there in all this time; look further back.',
          width: 3,
          unit: 'none',
          queries: [{ expr: `min(${ofHepar(own('up'))})` }],
          words: { '0': ['DOWN', 'red'], '1': ['up', 'green'] },
          empty: unseen,
        }),
        stat({
          title: 'Mode',
          description:
            'The ceiling of every playbook, from hepar.yaml. In observe and approve nothing is touched; a playbook may lower it further.',
          width: 3,
          unit: 'none',
          queries: [{ expr: `max by (mode) (${own('hepar_mode')}) == 1`, legend: '{{mode}}' }],
          name: true,
          colours: colours.mode,
          empty: unseen,
        }),
        stat({
          title: 'Stop switch',
          description:
            'While it is on, no effect begins. "hepar pause --show" says by whom, why and until when; "hepar unpause" lifts it.',
          width: 3,
          unit: 'none',
          queries: [{ expr: `max(${own('hepar_paused')})` }],
          words: { '0': ['off', 'green'], '1': ['PAUSED', 'red'] },
          empty: unseen,
        }),
        stat({
          title: 'Ill containers',
          description:
            'Containers whose health check fails now, as far as a Docker engine that answers says so. "not seen" is not the same as 0.',
          width: 3,
          unit: 'short',
          queries: [{ expr: `sum(${health} == bool 0)` }],
          steps: none('red'),
          empty: unseen,
        }),
        stat({
          title: 'Being healed',
          description: 'Incidents with an effect under way, in verification, or carried by a temporary effect.',
          width: 3,
          unit: 'short',
          queries: [{ expr: incidents('acting|verifying|holding') }],
          steps: none('blue'),
          empty: unseen,
        }),
        stat({
          title: 'Waiting',
          description:
            'Incidents that a gate holds back, or whose time has not come. "hepar show" says which gate, until when, and what would unblock it.',
          width: 3,
          unit: 'short',
          queries: [{ expr: incidents('open|waiting') }],
          steps: none('orange'),
          empty: unseen,
        }),
        stat({
          title: 'Asks for approval',
          description: 'Incidents whose plan waits for a person to approve it.',
          width: 3,
          unit: 'short',
          queries: [{ expr: incidents('awaiting_approval') }],
          steps: none('orange'),
          empty: unseen,
        }),
        stat({
          title: 'Handed over to you',
          description:
            'Incidents that Hepar has given up on: it does nothing more about them until the alert clears or somebody runs "hepar resume". "hepar incidents --state handed_over" lists them.',
          width: 3,
          unit: 'short',
          queries: [{ expr: incidents('handed_over') }],
          steps: none('red'),
          empty: unseen,
        }),
      ],
    },
    {
      height: 8,
      panels: [
        level({
          title: 'Open incidents by state',
          description:
            'What Hepar has in hand. Every Hepar has a store of its own, so several of them are added up. Red is yours, orange waits, blue is under way.',
          width: 9,
          unit: 'short',
          queries: [{ expr: `sum by (state) (${own('hepar_incidents', 'state!="closed"')})`, legend: '{{state}}' }],
          stacked: true,
          colours: colours.state,
        }),
        table({
          title: 'Ill now',
          description:
            'Containers whose health check fails now. Empty when none does, and also when no Docker engine answers: compare "Docker engines" below.',
          width: 6,
          empty: 'No container is seen ill',
          rows: { host: 'Host', name: 'Container', instance: 'Seen by' },
          columns: [{ title: 'Health', expr: `max by (${container}) (${health}) == 0`, unit: 'none' }],
          hidden: ['Health'],
        }),
        timeline({
          title: 'Containers that were ill',
          description:
            'Every container that failed its health check at some time in this range, and how it was before and after. What was shorter than a step of the graph may not be painted. A gap: it was gone, or its engine did not answer.',
          width: 9,
          unit: 'none',
          queries: [
            {
              expr: `max by (${container}) (${health} and ${wasIll})`,
              legend: '{{host}}/{{name}} ({{instance}})',
            },
          ],
          words: healthWords,
          empty: 'No container was seen ill',
        }),
      ],
    },
    {
      height: 5,
      panels: [
        timeline({
          title: 'Safe mode',
          description:
            'Every service that was in safe mode at some time in this range, and when. It is on from the intent of the effect until it is taken back: a service that stays in it for long falls ill again without it, or waits for a person.',
          width: 24,
          unit: 'none',
          queries: [
            {
              expr: `max by (service) (${safeMode}) and on (service) max by (service) (max_over_time(${safeMode}[$__range] @ end())) == 1`,
              legend: '{{service}}',
            },
          ],
          words: { '0': ['off', 'green'], '1': ['SAFE MODE', 'purple'] },
          empty: 'No service was in safe mode',
        }),
      ],
    },
  ],
}
