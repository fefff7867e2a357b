import type { Row } from '../grid.ts'
import { level, stat } from '../panel.ts'
import { growing, ofHepar, own, quantile } from '../query.ts'

const unseen = 'not seen'
const latency = (q: number) => quantile(q, growing('hepar_delivery_duration_seconds_bucket'))

/** Is Hepar itself well? */
export const hepar: Row = {
  title: 'Hepar itself',
  lines: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Version',
          description: 'The versions that run. More than one: an upgrade is under way, or was forgotten somewhere.',
          width: 4,
          unit: 'none',
          queries: [{ expr: `max by (version) (${own('hepar_build_info')})`, legend: '{{version}}' }],
          name: true,
          empty: unseen,
        }),
        stat({
          title: 'Running since',
          description: 'When the Hepar that was started last was started.',
          width: 4,
          unit: 'dateTimeFromNow',
          queries: [{ expr: `1000 * max(${ofHepar(own('process_start_time_seconds'))})` }],
          empty: unseen,
        }),
        stat({
          title: 'Store',
          description: 'Whether the last write succeeded. While it is down, deliveries get 503 and nothing new begins.',
          width: 4,
          unit: 'none',
          queries: [{ expr: `min(${own('hepar_store_up')})` }],
          words: { '0': ['DOWN', 'red'], '1': ['up', 'green'] },
          empty: unseen,
        }),
        stat({
          title: 'Configuration',
          description:
            'Whether the newest files are in force. Refused: the last good ones are; "hepar check" names every problem.',
          width: 4,
          unit: 'none',
          queries: [{ expr: `min(${own('hepar_config_last_reload_successful')})` }],
          words: { '0': ['REFUSED', 'red'], '1': ['in force', 'green'] },
          empty: unseen,
        }),
        stat({
          title: 'Configuration loaded',
          description: 'When configuration, playbooks and plugins were last loaded with success.',
          width: 4,
          unit: 'dateTimeFromNow',
          queries: [{ expr: `1000 * max(${own('hepar_config_last_reload_success_timestamp_seconds')})` }],
          empty: unseen,
        }),
        stat({
          title: 'Docker engines',
          description:
            'The share of engines that answer. Containers of one that does not are unseen, and nothing is healed there.',
          width: 4,
          unit: 'percentunit',
          decimals: 0,
          queries: [{ expr: `avg(${own('hepar_docker_up')})` }],
          steps: [
            [0, 'red'],
            [1, 'green'],
          ],
          empty: unseen,
        }),
      ],
    },
    {
      height: 8,
      panels: [
        level({
          title: 'Deliveries by code',
          description:
            'Webhook requests answered. 503: the store cannot be written, and Alertmanager repeats; 4xx: a token, a size or a body is wrong, and it does not.',
          width: 8,
          unit: 'reqps',
          queries: [
            { expr: `sum by (code) (rate(${own('hepar_deliveries_total')}[$__rate_interval]))`, legend: '{{code}}' },
          ],
        }),
        level({
          title: 'Time to answer a delivery',
          description:
            'From the head of a webhook request to its answer, which comes after the commit. A slow disk shows here first.',
          width: 8,
          unit: 's',
          queries: [
            { expr: latency(0.5), legend: 'median' },
            { expr: latency(0.99), legend: '99 %' },
          ],
        }),
        level({
          title: 'Queue',
          description: 'Incidents that are due now. It is empty most of the time; if it stays, nothing may be healing.',
          width: 8,
          unit: 'short',
          queries: [{ expr: `sum(${own('hepar_queue_depth')})`, legend: 'due incidents' }],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        level({
          title: 'Oldest due incident',
          description: 'How long the most overdue incident has been due. The alert HeparQueueStalled fires above 60 s.',
          width: 8,
          unit: 's',
          queries: [{ expr: `max by (instance) (${own('hepar_queue_oldest_seconds')})`, legend: '{{instance}}' }],
        }),
        level({
          title: 'Memory',
          description: 'Resident memory of the main process; plugin processes are not in it.',
          width: 8,
          unit: 'bytes',
          queries: [
            {
              expr: `max by (instance) (${ofHepar(own('process_resident_memory_bytes'))})`,
              legend: '{{instance}}',
            },
          ],
        }),
        level({
          title: 'Event loop lag',
          description:
            '99 % of the turns of the main process began no later than this. High: the machine is short of processor time.',
          width: 8,
          unit: 's',
          queries: [
            { expr: `max by (instance) (${ofHepar(own('nodejs_eventloop_lag_p99_seconds'))})`, legend: '{{instance}}' },
          ],
        }),
      ],
    },
  ],
}
