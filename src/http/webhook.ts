import * as z from 'zod'
import { HttpError } from './errors.ts'
import { name } from './fields.ts'
import { delivery, ok } from './route.ts'

const source = z.strictObject({ source: name.optional() })

/** Takes deliveries in. The answer is sent only after the decisions are committed. */
export const webhook = delivery(
  {
    path: '/webhook/alertmanager',
    access: 'webhook',
    summary: 'Take a delivery from Alertmanager; answers one decision per alert after the commit',
    query: source,
    codes: { 503: 'Nothing was stored; Alertmanager retries.' },
  },
  async ({ body, by }, { engine, health }) => {
    const phase = health.phase()
    if (phase !== 'running') {
      throw new HttpError(503, 'not_running', `hepar is ${phase}`, 'Send it again; Alertmanager does so by itself.')
    }
    const decisions = await engine.receive(body, by)
    return ok({ source: body.source, digest: body.digest, decisions })
  },
)

export const explain = delivery(
  {
    path: '/api/v1/explain',
    access: 'operator',
    summary: 'Say what a delivery would cause now: matches, gates, verdict and plan; nothing is stored or done',
    query: source,
  },
  async ({ body }, { engine }) => ok(await engine.explain(body)),
)
