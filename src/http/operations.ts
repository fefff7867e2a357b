import { nothing } from './fields.ts'
import { ok, read } from './route.ts'

export const livez = read(
  { path: '/livez', access: 'open', summary: 'Whether the process serves requests', query: nothing },
  () => ok({ status: 'live' }),
)

export const readyz = read(
  {
    path: '/readyz',
    access: 'open',
    summary: 'Whether deliveries would be taken in',
    query: nothing,
    codes: { 503: 'Not ready, with the reason.' },
  },
  (_, { health }) => {
    const phase = health.phase()
    if (phase !== 'running') return ok({ status: 'not ready', reason: phase }, 503)
    const problem = health.storeProblem()
    return problem === null ? ok({ status: 'ready' }) : ok({ status: 'not ready', reason: `store: ${problem}` }, 503)
  },
)

export const metrics = read(
  { path: '/metrics', access: 'viewer', summary: 'Metrics for Prometheus', query: nothing },
  async (_, parts) => ({
    status: 200,
    text: await parts.metrics.scrape(),
    contentType: parts.metrics.contentType,
  }),
)
