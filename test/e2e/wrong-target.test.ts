import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uniqueName } from '../kit/docker-container.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'
import type { IncidentView } from '../kit/hepar.ts'
import { quickPlaybook, quickRules, type Stage, startStage } from '../kit/stage.ts'
import { waitFor } from '../kit/wait.ts'

let stage: Stage
let witness: DockerWitness

beforeAll(async () => {
  stage = await startStage({
    holdable: true,
    // Like a slow scrape: for some seconds after the target is well, the alert still fires.
    rulesYaml: quickRules.replace(
      'hepar_container_health_status ==',
      'min_over_time(hepar_container_health_status[10s]) ==',
    ),
    rules: {
      'container-unhealthy.yaml': quickPlaybook,
      'mapped.yaml': quickPlaybook
        .replace('value: ContainerUnhealthy', 'value: SomethingElsewhere')
        .replace('container/{{ labels.host }}', 'container/{{ host }}'),
    },
  })
  witness = await stage.docker.witness()
}, 180_000)

afterAll(() => stage?.[Symbol.asyncDispose]())

test.each([
  { when: 'at once', heldMs: 0 },
  // Longer than an intent stays valid: the attempt is called off, and what follows is planned anew.
  { when: 'late', heldMs: 2_500 },
])(
  'a container that takes the planned one’s name between plan and effect, which goes on $when, is not touched',
  async ({ heldMs }) => {
    const { docker, hepar } = stage
    const planned = await docker.runContainer({ health: 'heals' })
    const successor = await docker.runContainer({ health: 'stays_ill', name: uniqueName('hepar-next') })
    for (const one of [planned, successor])
      await one.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
    hepar.hold('effect:before')
    await planned.makeIll()
    await hepar.reached('effect:before', 120_000)
    await planned.remove()
    await successor.post(`rename?name=${planned.name}`)
    await pause(heldMs)
    hepar.release('effect:before')
    const { id } = await incidentOf(planned.name)
    await hepar.until('closed', (all) => all.find((one) => one.id === id)?.state === 'closed')
    const { incident, attempts } = (await hepar.incident(id)) as {
      incident: IncidentView
      attempts: { plan: { pin: { id: string } }; outcome: string; effectDetail: string }[]
    }
    expect(attempts.map(({ plan }) => plan.pin.id)).toEqual([planned.id])
    expect(attempts[0]?.effectDetail).toMatch(/nothing was done: the planned container .* is gone|after the intent/)
    expect(['failed', 'cancelled']).toContain(attempts[0]?.outcome)
    expect(['escalated', 'self_recovered']).toContain(incident.ending)
    await untouched(planned.id, successor.id)
  },
  240_000,
)

test('a name that is the beginning of another container’s id names nothing', async () => {
  const { docker, hepar, alertmanager, foreteller } = stage
  const container = await docker.runContainer({ health: 'heals' })
  const name = container.id.slice(0, 12)
  await alertmanager.post([fallen({ host: 'local', name })])
  const { id } = await incidentOf(name)
  await hepar.until('it waits', (all) => all.find((one) => one.id === id)?.state === 'waiting')
  const { whyNot, gates } = (await hepar.incident(id)) as unknown as Shown
  expect(whyNot).toMatchObject({ gate: 'target', reason: `host "local" has no container named "${name}"` })
  expect(Date.parse(whyNot.until)).toBeGreaterThan(Date.now() - 60_000)
  expect(whyNot.unblock).toMatch(/\S/)
  expect(gates.at(-1)).toMatchObject({ gate: 'target', result: 'block', facts: { target: `container/local/${name}` } })
  await shows(id, ['target', whyNot.reason, whyNot.unblock])
  await untouched(container.id)
  expect(await foreteller.check()).toBeGreaterThan(0)
}, 120_000)

test('a host that nobody mapped is refused, never guessed', async () => {
  const { docker, hepar, alertmanager, foreteller } = stage
  const container = await docker.runContainer({ health: 'heals' })
  const { name } = container
  await alertmanager.post([
    fallen({ host: 'h99', name }),
    fallen({ alertname: 'SomethingElsewhere', instance: 'h99:9323', name }),
  ])
  const { id } = await incidentOf(name)
  await hepar.until('it is refused', (all) => all.find((one) => one.id === id)?.ending === 'refused')
  const { incident, gates } = (await hepar.incident(id)) as unknown as Shown
  expect(incident).toMatchObject({ target: `container/h99/${name}`, reason: expect.stringContaining('docker.hosts') })
  expect(gates.at(-1)).toMatchObject({ gate: 'target', result: 'block' })
  await shows(id, ['target', 'add it to docker.hosts'])

  const listed = await waitFor(
    async () => {
      const { alerts } = (await hepar.call('GET', '/api/v1/alerts')).json as { alerts: Record<string, unknown>[] }
      return alerts.find(({ labels }) => (labels as Record<string, string>).alertname === 'SomethingElsewhere')
    },
    { what: 'the other alert is decided', deadlineMs: 60_000 },
  )
  expect(listed).toMatchObject({ decision: 'rejected', playbooks: [], reason: expect.stringContaining('labelValues') })
  expect((await hepar.incidents()).filter(({ target }) => target.endsWith(`/${name}`))).toHaveLength(1)
  await untouched(container.id)
  expect(await foreteller.check()).toBeGreaterThan(0)
}, 120_000)

test('a container without opt-in is refused, and healed once it is permitted', async () => {
  const { docker, hepar, foreteller } = stage
  const container = await docker.runContainer({ health: 'heals', name: uniqueName('stranger') })
  await container.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  const { id } = await incidentOf(container.name)
  await hepar.until('it is refused', (all) => all.find((one) => one.id === id)?.ending === 'refused')
  const { incident, gates, whyNot } = (await hepar.incident(id)) as unknown as Shown
  expect(incident.reason).toContain(`add "local/${container.name}" to docker.allow`)
  expect(gates.at(-1)).toMatchObject({ gate: 'target', result: 'block', reason: incident.reason })
  const waited = (await hepar.events(id)).find(({ type }) => type === 'incident.waiting')
  expect(waited?.body).toMatchObject({
    gate: 'target',
    until: null,
    unblock: expect.stringContaining('permit the target'),
  })
  expect(whyNot).toMatchObject({ gate: 'target', unblock: expect.stringContaining('reload') })
  await shows(id, ['target', 'docker.allow', 'permit the target'])
  await untouched(container.id)
  expect(await foreteller.check()).toBeGreaterThan(0)

  const config = JSON.parse(readFileSync(hepar.configFile, 'utf8'))
  config.docker.allow.push(`local/${container.name}`)
  writeFileSync(hepar.configFile, JSON.stringify(config))
  expect((await hepar.cli('reload')).code).toBe(0)
  await hepar.until('healed', (all) => all.find((one) => one.id === id)?.ending === 'healed')
  await witness.settle()
  expect(witness.count(container.id, 'restart')).toBe(1)
}, 180_000)

interface Shown {
  readonly incident: IncidentView
  readonly whyNot: { readonly gate: string; readonly reason: string; readonly until: string; readonly unblock: string }
  readonly gates: readonly {
    readonly gate: string
    readonly result: string
    readonly reason: string
    readonly facts: object
  }[]
  readonly alerts: readonly { readonly fingerprint: string }[]
}

async function incidentOf(name: string): Promise<IncidentView> {
  const mine = (all: readonly IncidentView[]) => all.find(({ target }) => target.endsWith(`/${name}`))
  return mine(await stage.hepar.until(`an incident of ${name}`, (all) => mine(all) !== undefined))!
}

/** Nothing that an action could do happened to these containers, by the engine's own events. */
async function untouched(...ids: string[]): Promise<void> {
  await witness.settle()
  for (const id of ids) {
    for (const action of ['restart', 'stop']) expect([id, action, witness.count(id, action)]).toEqual([id, action, 0])
  }
}

/** An alert as Prometheus would send it, for what no rule of the test makes fire. */
function fallen(labels: Record<string, string>) {
  const endsAt = new Date(Date.now() + 600_000).toISOString()
  return { labels: { alertname: 'ContainerUnhealthy', ...labels }, startsAt: new Date().toISOString(), endsAt }
}

/** `hepar show` says each of these. */
async function shows(incident: string, words: readonly string[]): Promise<void> {
  const { code, stdout } = await stage.hepar.cli('show', incident)
  expect(code).toBe(0)
  for (const word of words) expect(stdout).toContain(word)
}
