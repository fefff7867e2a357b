import { expect, test } from 'vitest'
import { someAttempt } from '../kit/records.ts'
import { fakeWorld, incident, now } from './fake-parts.ts'
import { serve } from './serve.ts'

const effect = someAttempt({ action: 'safe-mode', target: 'service/shop', inForce: true, intendedAt: now })

function shop() {
  const world = fakeWorld({
    services: [{ name: 'shop', host: 'local', unit: null, logFile: null, commands: [], requests: [], mirror: null }],
  })
  return world
}

test('a service that asks is told whether to be in safe mode, since when, and until when at least', async () => {
  const world = shop()
  const { ask } = await serve(world)
  expect(await ask('/api/v1/safe-mode/shop')).toMatchObject({ status: 200, body: { service: 'shop', safeMode: false } })
  world.attempts = [effect]
  world.incidents = [incident('i1', { state: 'holding', holdUntil: now + 60_000 })]
  expect(await ask('/api/v1/safe-mode/shop')).toMatchObject({
    status: 200,
    body: {
      service: 'shop',
      safeMode: true,
      since: new Date(now).toISOString(),
      until: new Date(now + 60_000).toISOString(),
      incident: 'i1',
    },
  })
})

test('the temporary effect of another action is no safe mode', async () => {
  const world = shop()
  world.attempts = [{ ...effect, action: 'throttle' }]
  const { ask } = await serve(world)
  expect(await ask('/api/v1/safe-mode/shop')).toMatchObject({ body: { safeMode: false } })
})

test('a service that is not listed is answered 404, unless it is in safe mode still', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  expect(await ask('/api/v1/safe-mode/shop')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
  world.attempts = [effect]
  expect(await ask('/api/v1/safe-mode/shop')).toMatchObject({ status: 200, body: { safeMode: true } })
})

test('while the store cannot be read nothing is claimed', async () => {
  const world = shop()
  world.failure = new Error('gone')
  const { ask } = await serve(world)
  expect((await ask('/api/v1/safe-mode/shop')).status).toBe(500)
})
