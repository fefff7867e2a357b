import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const opened = new AsyncDisposableStack()
let hepar: Hepar
let redis: TestRedis

/** A service that answers well while nothing is wrong, or while it is in safe mode: so says Hepar whenever it asks. */
const wrong = new Set<string>()
const safe = async (name: string) => (await hepar.call('GET', `/api/v1/safe-mode/${name}`)).json.safeMode === true

beforeAll(async () => {
  const folder = opened.use(await tempFolder('safe-mode'))
  redis = opened.use(await startRedis())
  const shop = createServer(async (request, response) => {
    const name = (request.url ?? '').slice(1)
    response.writeHead(!wrong.has(name) || (await safe(name).catch(() => false)) ? 200 : 503).end()
  })
  await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done))
  opened.defer(() => void shop.close())
  const health = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/{{ labels.service }}`
  const names = ['carried', 'relapsing', 'paused', 'before', 'after']
  const mirror = (name: string) => ({ mirror: { redis: 'cache', key: `${name}:safe` } })
  hepar = opened.use(
    await startHepar({
      folder: folder.path,
      holdable: true,
      plugins: [resolve(import.meta.dirname, '../../plugins')],
      rules: {
        'service-errors.yaml': JSON.stringify({
          version: 1,
          when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: 'ServiceErrors' }] },
          target: 'service/{{ labels.service }}',
          steps: [{ action: 'safe-mode', hold: '2s' }],
          verify: [{ http: { url: health, status: 200 } }],
          for: '500ms',
          within: '10s',
          limits: { cooldown: '0s' },
        }),
      },
      config: {
        docker: { exporter: { enabled: false } },
        redis: { cache: { url: `redis://127.0.0.1:${redis.port}` } },
        services: Object.fromEntries(names.map((name) => [name, mirror(name)])),
        limits: { probeEvery: '200ms', episodeGap: '0s' },
      },
    }),
  )
}, 120_000)

afterAll(() => opened.disposeAsync())

async function fallIll(service: string): Promise<void> {
  wrong.add(service)
  const alert = writtenAlert({ alertname: 'ServiceErrors', service })
  expect((await hepar.post(writtenDelivery([alert]))).status).toBe(200)
}

function incidentIn(service: string, ...states: IncidentView['state'][]): Promise<IncidentView> {
  return waitFor(
    async () => {
      const own = (await hepar.incidents()).find(({ target }) => target === `service/${service}`)
      if (own && states.includes(own.state)) return own
      throw new Error(`${own?.state}: ${own?.reason}`)
    },
    { what: `the incident of ${service} in ${states.join(' or ')}`, deadlineMs: 60_000 },
  )
}

const mirrored = async (service: string) => (await redis.cli('EXISTS', `${service}:safe`)) === '1'
const gauge = async (service: string) => {
  const text = await (await fetch(`${hepar.url}/metrics`)).text()
  return text
    .split('\n')
    .find((line) => line.startsWith(`hepar_safe_mode{service="${service}"}`))
    ?.at(-1)
}

/** What everybody outside sees: the route, the metric and the mirror. */
async function seen(service: string): Promise<string> {
  return `${await safe(service)} ${await gauge(service)} ${await mirrored(service)}`
}

test('a service is carried over by safe mode, and proven well without it', async () => {
  expect(await seen('carried')).toBe('false 0 false')
  await fallIll('carried')
  const { id } = await incidentIn('carried', 'holding')
  expect(await seen('carried')).toBe('true 1 true')
  wrong.delete('carried')
  expect(await incidentIn('carried', 'closed')).toMatchObject({ ending: 'mitigated', attempts: 1 })
  expect(await seen('carried')).toBe('false 0 false')
  const { stdout } = await hepar.cli('show', id)
  expect(stdout).toMatch(/temporary +no longer in force/)
  expect(stdout).toMatch(/takesBack/i)
}, 120_000)

test('a service that falls ill again without it climbs the ladder: here a human gets it', async () => {
  await fallIll('relapsing')
  await incidentIn('relapsing', 'holding')
  expect(await incidentIn('relapsing', 'handed_over')).toMatchObject({ attempts: 1 })
  expect(await seen('relapsing')).toBe('false 0 false')
}, 120_000)

test('the stop switch does not keep a service in safe mode', async () => {
  await fallIll('paused')
  await incidentIn('paused', 'holding')
  await hepar.call('PUT', '/api/v1/pause', { paused: true, reason: 'drill' })
  wrong.delete('paused')
  expect(await incidentIn('paused', 'closed')).toMatchObject({ ending: 'mitigated' })
  expect(await seen('paused')).toBe('false 0 false')
  await hepar.call('PUT', '/api/v1/pause', { paused: false })
}, 120_000)

test.each([
  ['before', 'commit:before:revert', ['done', 'done']],
  ['after', 'commit:after:revert', ['done', 'unknown', 'done']],
])(
  'killed %s the intent of the revert, it is made all the same',
  async (service, point, effects) => {
    await fallIll(service)
    const { id } = await incidentIn(service, 'holding')
    hepar.hold(point)
    wrong.delete(service)
    await hepar.reached(point)
    expect(await mirrored(service)).toBe(true)
    await hepar.kill()
    hepar.release(point)
    await hepar.start()
    expect(await incidentIn(service, 'closed')).toMatchObject({ ending: 'mitigated' })
    expect(await seen(service)).toBe('false 0 false')
    const ended = (await hepar.events(id)).filter(({ type }) => type === 'attempt.effect_ended')
    expect(ended.map(({ body }) => body.effect)).toEqual(effects)
  },
  180_000,
)

test('the log of all this verifies', async () => {
  const { code } = await hepar.cli('audit', 'verify', '--config', hepar.configFile)
  expect(code).toBe(0)
}, 60_000)
