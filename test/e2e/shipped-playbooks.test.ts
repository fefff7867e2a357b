import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { IncidentView } from '../kit/hepar.ts'
import { type MetricsSource, startMetricsSource } from '../kit/metrics-source.ts'
import { quickPlaybookFile, quickRulesOf } from '../kit/quickened.ts'
import { type Stage, startStage } from '../kit/stage.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const MiB = 2 ** 20
const closing = new AsyncDisposableStack()
let stage: Stage
/** Stands for cAdvisor: the kernel's count of processes that it ended for want of memory. */
let kernel: MetricsSource
/** Is ill until somebody asks it to recover. */
let till: Awaited<ReturnType<typeof startTill>>
let shop: Awaited<ReturnType<typeof startShop>>

/** The whole way of what is shipped: real metrics → the shipped alerts → Alertmanager → Hepar with the shipped playbooks. */
beforeAll(async () => {
  kernel = closing.use(await startMetricsSource())
  till = closing.use(await startTill())
  shop = closing.use(await startShop(async () => stage.hepar.call('GET', '/api/v1/safe-mode/shop')))
  const playbooks = ['container-unhealthy', 'container-out-of-memory', 'service-probe-failing', 'service-errors']
  stage = closing.use(
    await startStage({
      rules: Object.fromEntries(playbooks.map((name) => [`${name}.yaml`, quickPlaybookFile(`${name}.yaml`)])),
      rulesYaml: quickRulesOf('containers.yml', 'services.yml', 'safe-mode.yml'),
      config: {
        http: { allow: [`${till.url}/recover`] },
        services: {
          till: { requests: { recover: { url: `${till.url}/recover`, bearer: 'none-of-yours' } } },
          shop: {},
        },
      },
    }),
  )
  await stage.prometheus.reload({
    scrape: [
      { job: 'hepar', targets: [new URL(stage.hepar.url).host] },
      { job: 'kernel', targets: [kernel.target] },
      { job: 'blackbox', targets: [till.probe], labels: { hepar_service: 'till' } },
      { job: 'shop', targets: [new URL(shop.url).host], labels: { service: 'shop' } },
    ],
  })
})

afterAll(() => closing.disposeAsync())

const about = (target: string) => (all: readonly IncidentView[]) => all.find((one) => one.target === target)

async function ended(target: string, ending: string): Promise<Record<string, unknown>> {
  const seen = await stage.hepar.until(`${target} ${ending}`, (all) => about(target)(all)?.ending === ending, 180_000)
  return stage.hepar.incident(about(target)(seen)!.id)
}

/** What was seen before each effect, as the log has it. */
async function evidenceOf(target: string): Promise<readonly Record<string, unknown>[]> {
  const { id } = about(target)(await stage.hepar.incidents())!
  const intended = (await stage.hepar.events(id)).filter(({ type }) => type === 'attempt.intended')
  return intended.flatMap(({ body }) => (body.evidence ? [body.evidence as Record<string, unknown>] : []))
}

test('a container that ran out of memory gets more of it, and then the restart that makes it use it', async () => {
  const witness = await stage.docker.witness()
  const hungry = 'dd if=/dev/zero of=/dev/null bs=40M count=1 2>&1 || { sleep 1; exit 137; }'
  const container = await stage.docker.runContainer({
    name: 'hepar-test-hungry',
    onStart: `echo hello; while [ ! -e /go ]; do sleep 0.2; done; ${hungry}`,
    hostConfig: { Memory: 32 * MiB, MemorySwap: 32 * MiB },
  })
  kernel.set('container_oom_events_total', 0, { name: container.name })
  await waitFor(async () => (await valueBy(`container_oom_events_total{name="${container.name}"}`)) === 0, {
    what: 'its count is scraped',
    deadlineMs: 60_000,
  })
  await container.exec('touch', '/go')
  await container.until('it has ended', ({ State }) => State.Status === 'exited', 60_000)
  await waitFor(() => witness.count(container.id, 'oom') > 0, { what: 'the kernel says so', deadlineMs: 30_000 })
  kernel.set('container_oom_events_total', 1, { name: container.name })

  const target = `container/local/${container.name}`
  const incident = await ended(target, 'healed')
  await witness.settle()
  const { HostConfig, State } = (await container.inspect()) as unknown as {
    HostConfig: { Memory: number; MemorySwap: number }
    State: { Status: string }
  }
  expect({ ...HostConfig, ...State }).toMatchObject({ Memory: 48 * MiB, MemorySwap: 48 * MiB, Status: 'running' })
  expect(witness.count(container.id, 'update')).toBe(1)
  expect(witness.count(container.id, 'restart')).toBe(1)
  expect(witness.count(container.id, 'oom')).toBe(1)
  const order = witness.events(container.id).map(({ action }) => action)
  expect(order.indexOf('update')).toBeLessThan(order.indexOf('restart'))
  expect(JSON.stringify(incident)).toContain('from 32 MiB of memory to 48 MiB of memory')
  expect((await evidenceOf(target))[0]).toMatchObject({
    state: 'exited',
    exitCode: 137,
    logs: expect.arrayContaining(['hello']),
  })
})

test('an unhealthy container is restarted once, with what was seen of it before', async () => {
  const witness = await stage.docker.witness()
  const container = await stage.docker.runContainer({ name: 'hepar-test-ill', health: 'heals', onStart: 'echo hello' })
  await container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  const target = `container/local/${container.name}`
  await ended(target, 'healed')
  await witness.settle()
  expect(witness.count(container.id, 'restart')).toBe(1)
  const [evidence] = await evidenceOf(target)
  expect(evidence).toMatchObject({ state: 'running', health: 'unhealthy', logs: ['hello'] })
  // A health check that is just beginning may be among them.
  expect(evidence?.memory).toMatchObject({ top: expect.arrayContaining([expect.objectContaining({ command: 'sh' })]) })
  const { stdout } = await stage.hepar.cli('show', about(target)(await stage.hepar.incidents())!.id)
  expect(stdout).toMatch(/evidence\n(.*\n)+ +logs\n +hello\n(.*\n)+ +top\n(.*\n)* +pid \d+, command sh, bytes \d+\n/)
})

test('a service whose probes fail is recovered by its own request, sent once', async () => {
  await waitFor(async () => (await valueBy('probe_success{hepar_service="till"}')) === 1, { what: 'it is probed' })
  till.fallIll()
  const incident = await ended('service/till', 'healed')
  expect(till.asked).toEqual(['POST /recover Bearer none-of-yours'])
  expect(JSON.stringify(incident) + stage.hepar.output()).not.toContain('none-of-yours')
})

test('a service that answers with errors is carried by safe mode, and proven well without it', async () => {
  await waitFor(async () => ((await valueBy('sum(rate(http_requests_total[6s]))')) ?? 0) > 0, { what: 'its rate' })
  shop.wrong(true)
  await stage.hepar.until('holding', (all) => about('service/shop')(all)?.state === 'holding', 180_000)
  expect(shop.safe()).toBe(true)
  shop.wrong(false)
  await ended('service/shop', 'mitigated')
  await waitFor(() => !shop.safe(), { what: 'it learns that safe mode is over' })
  expect(shop.changes()).toEqual([true, false])
  expect(await valueBy('max_over_time(hepar_safe_mode{service="shop"}[10m])')).toBe(1)
  await waitFor(async () => (await valueBy('hepar_safe_mode{service="shop"}')) === 0, { what: 'the metric' })
})

test('everything was foretold, nobody was called, and the log is whole', async () => {
  expect(await stage.foreteller.check()).toBeGreaterThan(0)
  expect(stage.oncall.requests).toHaveLength(0)
  const verified = await stage.hepar.cli('audit', 'verify', '--config', stage.hepar.configFile)
  expect(verified).toMatchObject({ code: 0 })
})

/** The value of an instant query with one result, by Prometheus. */
async function valueBy(promql: string): Promise<number | undefined> {
  const { data } = await stage.prometheus.get(`/api/v1/query?${new URLSearchParams({ query: promql })}`)
  const [sample] = (data as { result: { value: [number, string] }[] }).result
  return sample && Number(sample.value[1])
}

async function listening(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** A service that can be asked to recover, and an exporter that really asks for its health at each scrape. */
async function startTill() {
  let ill = false
  const asked: string[] = []
  const service = await listening((request, response) => {
    if (request.url === '/recover') {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
      ill = false
    }
    response.writeHead(ill ? 500 : 200).end()
  })
  const exporter = await listening(async (_, response) => {
    const { ok } = await fetch(`${service.url}/health`)
    response.end(`probe_success ${ok ? 1 : 0}\n`)
  })
  return {
    url: service.url,
    probe: new URL(exporter.url).host,
    asked,
    fallIll: () => {
      ill = true
    },
    [Symbol.asyncDispose]: async () => {
      await exporter.close()
      await service.close()
    },
  }
}

/** A service with customers all the time, that answers with errors while something is wrong, except in safe mode. */
async function startShop(ask: () => Promise<{ json: Record<string, unknown> }>) {
  const answers = new Map([
    ['200', 0],
    ['503', 0],
  ])
  let [wrong, safe, open] = [false, false, true]
  const changes: boolean[] = []
  const service = await listening((_, response) => {
    response.end([...answers].map(([code, count]) => `http_requests_total{code="${code}"} ${count}\n`).join(''))
  })
  const customers = (async () => {
    while (open) {
      const answer = await ask().catch(() => null)
      if (answer && (answer.json.safeMode === true) !== safe) {
        safe = answer.json.safeMode === true
        changes.push(safe)
      }
      const code = wrong && !safe ? '503' : '200'
      answers.set(code, answers.get(code)! + 1)
      await pause(100)
    }
  })()
  return {
    url: service.url,
    wrong: (is: boolean) => {
      wrong = is
    },
    safe: () => safe,
    changes: () => changes,
    [Symbol.asyncDispose]: async () => {
      open = false
      await customers
      await service.close()
    },
  }
}
