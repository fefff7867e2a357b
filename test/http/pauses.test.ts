import { expect, test } from 'vitest'
import { fakeWorld } from './fake-parts.ts'
import { json, serve } from './serve.ts'

const window = {
  name: 'nightly',
  cron: '0 3 * * *',
  durationMs: 600_000,
  timeZone: 'UTC',
  playbook: null,
  target: 'container/*',
  reason: 'updates',
}

test('pauses are placed beside one another, listed with the windows of maintenance, and lifted one by one', async () => {
  const { ask } = await serve(fakeWorld({ maintenance: [window] }))
  const place = (body: unknown) => ask('/api/v1/pauses', json(body))
  expect((await place({ playbook: 'p' })).status).toBe(400)
  expect((await place({ reason: 'x', for: '1h', until: '2030-01-03T00:00:00Z' })).status).toBe(400)
  expect((await place({ reason: 'deploy', target: 'container/*/web', for: '2h' })).body).toMatchObject({
    pause: { id: 'pause-1', state: 'active', until: '2030-01-02T05:04:05.000Z', playbook: null, maintenance: false },
  })
  const later = { reason: 'updates', from: '2030-01-02T04:00:00Z', for: '1h', maintenance: true }
  expect((await place(later)).body).toMatchObject({ pause: { state: 'planned', until: '2030-01-02T05:00:00.000Z' } })
  const { pauses, windows } = (await ask('/api/v1/pauses')).body as { pauses: { id: string }[]; windows: unknown[] }
  expect(pauses.map(({ id }) => id)).toEqual(['pause-1', 'pause-2'])
  expect(windows).toMatchObject([
    { name: 'nightly', state: 'active', from: '2030-01-02T03:00:00.000Z', until: '2030-01-02T03:10:00.000Z' },
  ])
  expect((await ask('/api/v1/pauses/pause-1', { method: 'DELETE' })).body).toMatchObject({ lifted: { id: 'pause-1' } })
  expect((await ask('/api/v1/pauses/pause-1', { method: 'DELETE' })).status).toBe(404)
  expect((await ask('/api/v1/pauses')).body).toMatchObject({ pauses: [{ id: 'pause-2' }] })
})
