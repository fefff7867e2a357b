import { afterAll, beforeAll, expect, test } from 'vitest'
import { lastBy, panelOf, reader, type Series } from '../dashboards/ask.ts'
import { asking, readHealing, type Target } from '../dashboards/dashboard.ts'
import type { TestContainer } from '../kit/docker.ts'
import type { EventView, IncidentView } from '../kit/hepar.ts'
import { freePort } from '../kit/ports.ts'
import { quickPlaybook, type Stage, startStage } from '../kit/stage.ts'
import { waitFor } from '../kit/wait.ts'

/** Its patients get ten minutes to recover by themselves. */
const patientPlaybook = quickPlaybook
  .replace('  all:\n', '  all:\n    - { fact: labels, path: $.name, operator: glob, value: "*-patient" }\n')
  .replace('target:', 'priority: 90\nsettle: 10m\ntarget:')

/** Its patient is carried by the safe mode of a service. */
const carriedPlaybook = `
version: 1
priority: 95
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }
    - { fact: labels, path: $.name, operator: glob, value: "*-carried" }
target: service/shop
steps: [{ action: safe-mode, hold: 2s }]
verify:
  - promql: hepar_container_health_status{host="{{ labels.host }}", name="{{ labels.name }}"} == 1
for: 1s
within: 60s
`

const dashboard = readHealing()
const seconds = () => Date.now() / 1_000

let stage: Stage
let from: number
/** What the panels said while one container was ill and Hepar was paused, and while another was handed over. */
const moments = { paused: {} as Seen, handedOver: {} as Seen }

type Seen = Readonly<Record<string, readonly Series[]>>

beforeAll(async () => {
  from = seconds()
  stage = await startStage({
    rules: {
      'container-unhealthy.yaml': quickPlaybook,
      'patient.yaml': patientPlaybook,
      'carried.yaml': carriedPlaybook,
    },
    config: { services: { shop: {} } },
  })
  const { prometheus, hepar } = stage
  // With "All" chosen, a stranger that is down must not make Hepar look down.
  await prometheus.reload({
    scrape: [
      { job: 'hepar', targets: [new URL(hepar.url).host] },
      { job: 'stranger', targets: [`127.0.0.1:${await freePort()}`] },
    ],
  })
  await until('the first scrape', 'Hepar', ([hepar]) => hepar === 1)
  await until('the stranger is down', { expr: 'up{job="stranger"}', instant: true }, ([up]) => up === 0)
  const [held, curable, stubborn, patient, forbidden, carried] = await Promise.all([
    container('hepar-test-held', 'heals'),
    container('hepar-test-curable', 'heals'),
    container('hepar-test-stubborn', 'stays_ill'),
    container('hepar-test-patient', 'heals'),
    container('forbidden', 'heals'),
    container('hepar-test-carried', 'heals'),
  ])
  await blocked(held)
  await carriedOver(carried)
  await Promise.all([curable, stubborn, patient, forbidden].map((one) => one.makeIll()))
  await hepar.until('the patient has an incident', (all) => about(all, patient) !== undefined)
  await patient.makeWell()
  await hepar.until('one is refused', (all) => about(all, forbidden)?.ending === 'refused')
  await forbidden.makeWell()
  await handedOver(stubborn)
  await stubborn.makeWell()
  await hepar.until('all closed', (all) => all.length === 6 && all.every(({ state }) => state === 'closed'), 180_000)
  await until(
    'the last closing is scraped',
    { expr: 'sum(hepar_incidents_closed_total)', instant: true },
    ([n]) => n === 6,
  )
}, 600_000)

afterAll(() => stage?.[Symbol.asyncDispose]())

/** A gate holds it back, until it is let go. */
async function blocked(held: TestContainer): Promise<void> {
  const { hepar } = stage
  await hepar.call('PUT', '/api/v1/pause', { paused: true, reason: 'the dashboard is looked at' })
  await held.makeIll()
  await hepar.until('it waits', (all) => about(all, held)?.state === 'waiting')
  moments.paused = await lookUntil('the pause shows', ['Hepar', 'Stop switch', 'Waiting'])
  await hepar.call('PUT', '/api/v1/pause', { paused: false })
  await hepar.until('it is healed', (all) => about(all, held)?.ending === 'healed')
}

/** Well as long as the service is in safe mode, and then without it. */
async function carriedOver(carried: TestContainer): Promise<void> {
  const { hepar } = stage
  await carried.makeIll()
  await until('the safe mode shows', { expr: 'hepar_safe_mode{service="shop"}', instant: true }, ([on]) => on === 1)
  await carried.makeWell()
  await hepar.until('it is carried over', (all) =>
    all.some(({ target, ending }) => target === 'service/shop' && ending === 'mitigated'),
  )
}

async function handedOver(stubborn: TestContainer): Promise<void> {
  const { hepar } = stage
  await hepar.until('it is handed over', (all) => about(all, stubborn)?.state === 'handed_over')
  moments.handedOver = await lookUntil('the hand-over shows', ['Hepar', 'Handed over to you'])
}

async function container(name: string, health: 'heals' | 'stays_ill'): Promise<TestContainer> {
  const made = await stage.docker.runContainer({ name, health })
  await made.until('healthy', (seen) => seen.State.Health?.Status === 'healthy')
  return made
}

const about = (all: readonly IncidentView[], { name }: TestContainer) =>
  all.find(({ target }) => target === `container/local/${name}`)

const targetOf = (title: string): Target => panelOf(dashboard, title).targets![0]!

async function until(what: string, where: string | Target, condition: (values: unknown[]) => boolean) {
  const target = typeof where === 'string' ? targetOf(where) : where
  const look = async () => Object.values(await lastBy(readNow(), target))
  await waitFor(async () => condition(await look()), { what, deadlineMs: 60_000, everyMs: 250 })
}

function readNow() {
  return reader(stage.prometheus, { from, to: seconds() })
}

/** What each query of each panel, and each annotation, has to show now. */
async function lookAtAll(): Promise<Seen> {
  const read = readNow()
  const seen: Record<string, readonly Series[]> = {}
  for (const { title, targets = [] } of asking(dashboard)) {
    for (const target of targets) seen[`${title} ${target.refId}`] = await read.target(target)
  }
  for (const annotation of dashboard.annotations.list) seen[annotation.name] = await read.annotation(annotation)
  return seen
}

/** Looks again until these panels say 1: on a busy machine a scrape is missed, and with it everything for a second. */
function lookUntil(what: string, titles: readonly string[]): Promise<Seen> {
  const look = async () => {
    const seen = await lookAtAll()
    return titles.every((title) => value(seen, title) === 1) && seen
  }
  return waitFor(look, { what, deadlineMs: 60_000, everyMs: 250 })
}

const empty = (seen: Seen) => Object.keys(seen).filter((where) => seen[where]!.length === 0)
const value = (seen: Seen, where: string) => seen[`${where} A`]?.[0]?.values.at(-1)

test('after heals by automation, a person and nobody, a refusal and a block, no panel is empty but the one that lists who is ill', async () => {
  expect(empty(await lookUntil('Hepar is scraped', ['Hepar']))).toEqual(['Ill now A'])
})

test('while something is ill, that panel names it, and the first row says what is going on', () => {
  const { paused, handedOver } = moments
  expect(paused['Ill now A']).toMatchObject([{ labels: { host: 'local', name: expect.stringMatching(/-held$/) } }])
  const row = (seen: Seen) =>
    ['Hepar', 'Stop switch', 'Ill containers', 'Waiting', 'Asks for approval', 'Handed over to you'].map((title) =>
      value(seen, title),
    )
  expect(row(paused)).toEqual([1, 1, 1, 1, 0, 0])
  expect(value(handedOver, 'Handed over to you')).toBe(1)
  expect(value(handedOver, 'Stop switch')).toBe(0)
  expect(handedOver['Ill now A']).toMatchObject([{ labels: { name: expect.stringMatching(/-stubborn$/) } }])
  expect(paused['Mode A']).toMatchObject([{ labels: { mode: 'auto' } }])
  const ill = (seen: Seen) => seen['Containers that were ill A']!.map(({ labels }) => labels.name?.replace(/^.*-/, ''))
  expect(ill(paused)).toEqual(['held'])
})

test('every name of a series and every mark in the margin is made of labels that are there', async () => {
  const seen = await lookAtAll()
  const wanted = [
    ...asking(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, legendFormat = '' }) => [`${title} ${refId}`, legendFormat] as const),
    ),
    ...dashboard.annotations.list.map(({ name, titleFormat, textFormat }) => [name, titleFormat + textFormat] as const),
  ]
  for (const [where, format] of wanted) {
    for (const [, label = ''] of format.matchAll(/\{\{(\w+)\}\}/g)) {
      for (const { labels } of seen[where]!) expect(labels[label], `${where}: ${label}`).toBeTruthy()
    }
  }
})

test('the panels say what the log says', async () => {
  const events = await stage.hepar.events()
  const closings = events.filter(({ type }) => type === 'incident.closed').map(({ body }) => body)
  const outcomes = events.filter(({ type }) => type === 'attempt.concluded').map(({ body }) => body.outcome)
  const tried = outcomes.filter((outcome) => outcome !== 'cancelled')
  expect(closings.map(({ ending }) => ending).sort()).toEqual([
    'escalated',
    'healed',
    'healed',
    'mitigated',
    'refused',
    'self_recovered',
  ])
  const read = readNow()
  const column = (title: string, index: number, label: string) =>
    lastBy(read, panelOf(dashboard, title).targets![index]!, label)

  const single = async (title: string) => (await lastBy(read, targetOf(title))).all
  expect(await single('Healed')).toBe(3)
  expect(await single('Handed over')).toBe(1)
  expect(await single('Outcome unknown')).toBe(outcomes.filter((outcome) => outcome === 'unknown').length)
  const healed = tried.filter((outcome) => outcome === 'healed').length
  expect(await single('Attempts that healed')).toBeCloseTo(healed / tried.length, 6)
  expect(await column('Playbooks', 0, 'playbook')).toEqual({
    'container-unhealthy': 4,
    carried: 1,
    patient: 1,
    manual: 0,
  })
  const shareOf = (playbook: string) => {
    const own = events.filter((event) => event.type === 'attempt.concluded' && event.playbook === playbook)
    const begun = own.filter(({ body }) => body.outcome !== 'cancelled')
    return expect.closeTo(begun.filter(({ body }) => body.outcome === 'healed').length / begun.length, 6)
  }
  expect(await column('Playbooks', 7, 'playbook')).toEqual({
    'container-unhealthy': shareOf('container-unhealthy'),
    carried: shareOf('carried'),
  })

  const titled = 'Time to recovery by who healed'
  expect(await column(titled, 0, 'by')).toEqual({ automation: 3, human: 1, self: 1 })
  const means = await column(titled, 1, 'by')
  const [median, ninety] = [await column(titled, 2, 'by'), await column(titled, 3, 'by')]
  const phases = await Promise.all([4, 5, 6, 7, 8].map((index) => column(titled, index, 'by')))
  for (const by of ['automation', 'human', 'self']) {
    const recovered = closings.filter((body) => body.by === by && body.recoverySeconds !== null)
    const times = recovered.map(({ recoverySeconds }) => recoverySeconds as number)
    expect(means[by]).toBeCloseTo(times.reduce((sum, one) => sum + one, 0) / times.length, 3)
    expect(phases.reduce((sum, phase) => sum + phase[by]!, 0)).toBeCloseTo(means[by]!, 3)
    expect(median[by]).toBeLessThanOrEqual(ninety[by]!)
  }
  // The hours of a person are none of the automation's: who is handed an incident has waited for its effects first.
  expect(means.human).toBeGreaterThan(means.automation!)
  const blocks = events.flatMap((event) => gateOf(event))
  expect((await column('Gate blocks', 0, 'gate')).stop_switch).toBe(
    blocks.filter((gate) => gate === 'stop_switch').length,
  )
  expect(await stage.foreteller.check()).toBeGreaterThan(0)
})

test('when Hepar dies, the first row says so, and nothing in it says that all is well', async () => {
  await stage.hepar.kill()
  await until('its death is seen', 'Hepar', ([hepar]) => hepar === 0)
  const seen = await lookAtAll()
  expect(value(seen, 'Hepar')).toBe(0)
  const others = [
    'Mode',
    'Stop switch',
    'Ill containers',
    'Being healed',
    'Waiting',
    'Asks for approval',
    'Handed over to you',
  ]
  expect(others.filter((title) => seen[`${title} A`]!.length > 0)).toEqual([])
  // What has happened stays known.
  expect(value(seen, 'Healed')).toBe(3)
}, 120_000)

function gateOf({ type, body }: EventView): string[] {
  return type === 'incident.waiting' && typeof body.gate === 'string' ? [body.gate] : []
}
