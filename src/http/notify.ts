import { nothing } from './fields.ts'
import { ok, write } from './route.ts'

export const testChannel = write(
  {
    method: 'post',
    path: '/api/v1/channels/:name/test',
    access: 'operator',
    summary: 'Send a test message to a channel now, and say what came of it',
    query: nothing,
    body: nothing,
    codes: { 404: 'There is no such channel under notify.' },
  },
  async ({ params, by }, { engine }) => {
    const channel = params.name ?? ''
    const outcome = await engine.testChannel(channel, by)
    return ok(outcome.ok ? { channel, sent: true } : { channel, sent: false, reason: outcome.reason })
  },
)
