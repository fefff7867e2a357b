import { type Answer, type Sink, type SinkRequest, startSink } from '../kit/sink.ts'
import type { deliveryAbout } from '../kit/ward.ts'

type Body = ReturnType<typeof deliveryAbout>

/** How the stand-in for Prometheus and Alertmanager may fail. */
export const sourceFaults = ['refuses', 'hangs', 'errors', 'garbage'] as const
export type SourceFault = (typeof sourceFaults)[number]

/** A Prometheus and an Alertmanager in one, that know of each alert what was last sent about it. */
export interface Source extends AsyncDisposable {
  readonly url: string
  /** From now on the alert of this delivery fires, or no longer does. */
  learn(body: Body): void
  fail(how: SourceFault): Promise<void>
  mend(): Promise<void>
}

const garbage = ['', '<html>504 Gateway Time-out</html>', '{"status":"success","data":{"groups":[{', '[null]', '7']

export async function startSource(random: () => number): Promise<Source> {
  const firing = new Map<string, Body['alerts'][number]>()
  let sink: Sink | null = await startSink()
  const { url, port } = sink
  const honest = (request: SinkRequest): Answer => {
    // Nobody reads what was asked, and half an hour of it would fill the memory.
    sink?.clear()
    const { pathname, searchParams } = new URL(request.path, url)
    const name = searchParams.get('rule_name[]') ?? /"(\w+)"/.exec(searchParams.get('filter') ?? '')?.[1] ?? null
    const own = [...firing.values()].filter(({ labels }) => name === null || labels.alertname === name)
    const body = answers[pathname]?.(own) ?? null
    return body === null ? { code: 404 } : { body: JSON.stringify(body) }
  }
  sink.answer(honest)
  const manners: Readonly<Record<Exclude<SourceFault, 'refuses'>, Answer | (() => Answer)>> = {
    hangs: { hang: 'before' },
    errors: { code: 500, body: 'context deadline exceeded' },
    garbage: () => ({ body: garbage[Math.floor(random() * garbage.length)]! }),
  }
  return {
    url,
    learn({ alerts: [alert] }) {
      if (alert!.status === 'firing') firing.set(alert!.fingerprint, alert!)
      else firing.delete(alert!.fingerprint)
    },
    async fail(how) {
      if (how !== 'refuses') return sink?.answer(manners[how])
      await sink?.[Symbol.asyncDispose]()
      sink = null
    },
    async mend() {
      sink ??= await startSink({ port })
      sink.answer(honest)
    },
    [Symbol.asyncDispose]: async () => sink?.[Symbol.asyncDispose](),
  }
}

type Alerts = Body['alerts']

const answers: Readonly<Record<string, (alerts: Alerts) => unknown>> = {
  '/api/v2/silences': () => [],
  '/api/v2/alerts': (alerts) =>
    alerts.map(({ fingerprint, labels, startsAt }) => ({
      fingerprint,
      labels,
      annotations: {},
      startsAt,
      receivers: [{ name: 'hepar' }],
      status: { state: 'active', silencedBy: [], inhibitedBy: [] },
    })),
  '/api/v1/rules': (alerts) => {
    const lastEvaluation = new Date().toISOString()
    const names = new Set(['Ill', ...alerts.map(({ labels }) => labels.alertname)])
    const rules = [...names].map((name) => ({
      type: 'alerting',
      name,
      labels: {},
      health: 'ok',
      lastEvaluation,
      alerts: alerts
        .filter(({ labels }) => labels.alertname === name)
        .map(({ labels }) => ({ labels, state: 'firing' })),
    }))
    return { status: 'success', data: { groups: [{ lastEvaluation, rules }] } }
  },
  '/api/v1/status/config': () => ({ status: 'success', data: { yaml: '' } }),
  '/api/v1/query': () => ({ status: 'success', data: { resultType: 'vector', result: [] } }),
}
