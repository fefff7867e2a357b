import { safeModeAction, serviceTarget } from '../domain/service.ts'
import { HttpError } from './errors.ts'
import { nothing } from './fields.ts'
import { ok, read } from './route.ts'
import { iso } from './views.ts'

export const showSafeMode = read(
  {
    path: '/api/v1/safe-mode/:service',
    access: 'viewer',
    summary: 'Whether a service is to be in safe mode, for services that ask',
    query: nothing,
    codes: { 404: 'There is no such service in the configuration.' },
  },
  async ({ params }, { read: reads, policy }) => {
    const service = params.service ?? ''
    const effect = await reads.effectOn(serviceTarget(service))
    if (effect?.action === safeModeAction) {
      const incident = await reads.incident(effect.incident)
      const until = iso(incident?.holdUntil ?? null)
      return ok({ service, safeMode: true, since: iso(effect.intendedAt), until, incident: effect.incident })
    }
    if (policy.current().config.services.some(({ name }) => name === service)) return ok({ service, safeMode: false })
    throw new HttpError(404, 'not_found', 'there is no such service', 'List it under services in hepar.yaml.')
  },
)
