// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { IncidentView } from '../kit/hepar.ts'
import { type Loop, startLoop } from '../kit/loop.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { waitFor } from '../kit/wait.ts'

/** A service whose flags are set by HTTP: real Prometheus, real Alertmanager, and an endpoint that writes down what it gets. */
const closing = new AsyncDisposableStack()
let loop: Loop
let endpoint: Sink
let health: Sink

/** Each test has its own, since an illness within minutes of the last is the same incident. */
const services = ['healed', 'spoilt', 'killed-once', 'killed-again']

const playbook = (request: string, more = '') => `
version: 1
when: { all: [{ fact: labels, path: $.case, operator: equal, value: ${request} }] }
target: service/{{ labels.service }}
steps:
  - { action: http-request, with: { request: ${request}, values: { flag: "{{ labels.name }}" } }, timeout: 30s }
  - escalate: oncall
verify:
  - alert: cleared
  - http: { url: "${health.url}/health/{{ labels.name }}" }
for: 1s
within: 20s
limits: { cooldown: 0s, attempts: [50/1h] }
${more}
`

beforeAll(async () => {
  endpoint = closing.use(await startSink())
  health = closing.use(await startSink())
  const request = {
    url: `${endpoint.url}/flags/{{ flag }}`,
    bearer: '${FLAGS_TOKEN}',
    body: { on: true, flag: '{{ flag }}' },
    values: [{ name: 'flag', pattern: '[a-z-]+' }],
    timeout: '20s',
  }
  const requests = { once: request, again: { ...request, idempotent: true } }
  loop = closing.use(
    await startLoop({
      playbooks: [],
      plugins: [resolve(import.meta.dirname, '../../plugins')],
      rules: { 'once.yaml': playbook('once'), 'again.yaml': playbook('again') },
      env: { FLAGS_TOKEN: 'word-that-nobody-sees' },
      config: {
        http: { allow: [`${endpoint.url}/flags`, `${health.url}/health`] },
        services: Object.fromEntries(services.map((name) => [name, { requests }])),
      },
    }),
  )
}, 180_000)

beforeEach(() => {
  endpoint.clear()
  endpoint.answer({})
  health.answer({ code: 503 })
})

afterAll(() => closing.disposeAsync())

function fall(ofCase: string, name: string, service: string) {
  loop.exporter.set('ill', 1, { case: ofCase, name, service })
  return () => {
    loop.exporter.set('ill', 0, { case: ofCase, name, service })
    health.answer({})
  }
}

/** The one incident of this service that is not closed, or was closed last. */
const until = (what: string, state: string, more: object) =>
  loop.hepar.until(what, (all) => all.some((one) => one.state === state && match(one, more)), 120_000)

function incidentOf(incidents: readonly IncidentView[], target: string): IncidentView {
  const found = incidents.find((one) => one.target === target)
  if (found === undefined) throw new Error(`no incident of ${target}`)
  return found
}

function match(one: object, more: object): boolean {
  return Object.entries(more).every(([key, value]) => (one as Record<string, unknown>)[key] === value)
}

test('an ill service is healed by one request, foretold, and proven by a probe', async () => {
  const recover = fall('once', 'cache', 'healed')
  endpoint.answer(() => {
    recover()
    return { code: 202, body: 'set, word-that-nobody-sees' }
  })
  await until('healed', 'closed', { target: 'service/healed', ending: 'healed' })
  expect(endpoint.requests).toHaveLength(1)
  const [request] = endpoint.requests
  expect(request).toMatchObject({ method: 'POST', path: '/flags/cache' })
  expect(request?.json()).toEqual({ on: true, flag: 'cache' })
  expect(request?.headers.authorization).toBe('Bearer word-that-nobody-sees')
  expect(health.requests.some(({ path }) => path === '/health/cache')).toBe(true)
  expect(await loop.foreteller.check()).toBeGreaterThan(0)
  const incident = incidentOf(await loop.hepar.incidents(), 'service/healed')
  const shown = JSON.stringify([await loop.hepar.incident(incident.id), await loop.hepar.events()])
  expect(shown).toContain('Bearer [redacted]')
  expect(shown).toContain(`"status":202`)
  expect(shown + loop.hepar.output()).not.toContain('nobody-sees')
  // The key is that of the attempt, which everybody can look up.
  expect(shown).toContain(String(request?.headers['idempotency-key']))
}, 180_000)

test('what a label may not say, and what is not configured, is refused with the reason and never sent', async () => {
  const [one, other] = [fall('once', 'Cache Of Others', 'spoilt'), fall('once', 'cache', 'strange')]
  await until('a bad value is refused', 'closed', { ending: 'refused', target: 'service/spoilt' })
  await until('a strange service is refused', 'closed', { ending: 'refused', target: 'service/strange' })
  const reasons = (await loop.hepar.incidents())
    .filter(({ ending }) => ending === 'refused')
    .map(({ reason }) => reason)
  expect(reasons).toContainEqual(expect.stringContaining('the value "flag" does not match'))
  expect(reasons).toContainEqual(expect.stringContaining('add it to services'))
  expect(endpoint.requests).toEqual([])
  one()
  other()
}, 180_000)

test.each([
  ['once', 'is not sent again where a repeat could do harm', 1],
  ['again', 'is sent once more with the same key where the endpoint drops repeats', 2],
])(
  '%s: a request that was under way when Hepar was killed %s',
  async (ofCase, _, times) => {
    endpoint.answer({ hang: 'before' })
    const target = `service/killed-${ofCase}`
    const recover = fall(ofCase, 'killed', `killed-${ofCase}`)
    await waitFor(() => endpoint.requests.length === 1, { what: 'the request has arrived', deadlineMs: 60_000 })
    loop.foreteller.attach(null)
    await loop.hepar.kill()
    endpoint.answer(() => {
      recover()
      return {}
    })
    await loop.hepar.start()
    loop.foreteller.attach(loop.hepar)
    if (times === 1) await until('handed over', 'handed_over', { target })
    else await until('healed', 'closed', { target, ending: 'healed' })
    expect(endpoint.requests).toHaveLength(times)
    expect(new Set(endpoint.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    const incident = incidentOf(await loop.hepar.incidents(), target)
    const concluded = (await loop.hepar.events(incident.id)).filter(({ type }) => type === 'attempt.concluded')
    expect(concluded.map(({ body }) => body.outcome)).toContain('unknown')
    if (times === 1) recover()
  },
  240_000,
)
