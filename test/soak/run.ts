import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createCourier } from '../crash/courier.ts'
import { createLives, type Lives } from '../crash/lives.ts'
import { createRandom } from '../crash/schedule.ts'
import { brokenPromises } from '../crash/violations.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { processesWith } from '../kit/process-table.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { openWard, type Ward } from '../kit/ward.ts'
import { intentsWhileStopped, intentsWithoutSource } from './evidence.ts'
import { letHappen, watchedPlaybook } from './faults.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { createGauge, type Gauge } from './gauge.ts'
import { type Judgement, judgeLife } from './judge.ts'
import { keepRecords, type Records } from './records.ts'
import { drawSoak } from './schedule.ts'
import { type Source, startSource } from './source.ts'

export interface SoakRequest {
  readonly seed: number
  readonly minutes: number
  /** Share of one core that Hepar's own process is kept busy. */
  readonly load: number
}

export interface SoakReport {
  /** Broken promises, in words. */
  readonly broken: readonly string[]
  readonly judgements: readonly Judgement[]
  readonly figures: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
}

/** A run stands for a day, so this many hours. */
export const hours = 24
/** A day of the past lasts ten seconds, so that what is kept for a month is pruned within five minutes. */
const hasten = 8_640
// What was put off again and again, as a revert that was killed, waits long for its next try.
const restWithinMs = 900_000
const scrapeEveryMs = 3_000

interface World {
  readonly hepar: Hepar
  readonly ward: Ward
  readonly oncall: Sink
  readonly source: Source
  readonly records: Records
  readonly fleet: Fleet
  readonly lives: Lives
  readonly gauge: Gauge
}

/** A day in fast motion: load, illnesses and faults as the seed says, and then every promise and every slope is looked at. */
export async function soak(
  { seed, minutes, load }: SoakRequest,
  say: (line: string) => void = () => {},
): Promise<SoakReport> {
  const totalMs = minutes * 60_000
  const schedule = drawSoak(seed, totalMs)
  const random = createRandom(seed + 1)
  const broken: string[] = []
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await tempFolder('soak'))
  const ward = stack.use(await openWard(join(folder.path, 'ward')))
  const oncall = stack.use(await startSink())
  const source = stack.use(await startSource(random))
  const hepar = stack.use(await startHepar({ ...setupOf(ward, oncall, source), folder: folder.path }))
  const courier = createCourier(`${hepar.webhookUrl}?source=ward`)
  stack.defer(() => courier.stop())
  const records = stack.use(keepRecords(hepar, (target) => target.startsWith('service/fleet-')))
  const told: Pick<typeof courier, 'send'> = {
    send(body) {
      source.learn(body)
      return courier.send(body)
    },
  }
  const lives = createLives({ ward, oncall, hepar: records.hepar, courier: told })
  const fleet = startFleet(hepar.webhookUrl, { random, taken: records.taken })
  let fleetStopped = false
  const stopFleet = async () => {
    if (!fleetStopped) await fleet[Symbol.asyncDispose]()
    fleetStopped = true
  }
  stack.defer(stopFleet)
  const gauge = createGauge(hepar.pid, join(hepar.dataFolder, 'hepar.db'))
  const world = { hepar, ward, oncall, source, records, fleet, lives, gauge }
  const beganAt = performance.now()
  const watching = watch(world, load, beganAt, say)
  stack.defer(watching.stop)

  for (const illness of schedule.illnesses) if (illness.round === 0) lives.begin(illness)
  const restarted = (startedAt: number) => void broken.push(...lives.survivorsOf(startedAt))
  const { faults, sourceAway } = await letHappen(schedule, beganAt, { hepar, source, oncall, fleet, say, restarted })
  await pause(Math.max(0, schedule.calmFromMs - (performance.now() - beganAt)))
  for (const illness of schedule.illnesses) if (illness.round === 1) lives.begin(illness)
  await pause(Math.max(0, totalMs - (performance.now() - beganAt)))
  const quiet = gauge.lives.at(-1)!
  const meanLoad = gauge.meanLoad()
  await watching.stop()
  await stopFleet()
  say('waiting for rest')
  // Whoever does not come to rest is told of below, with everything else.
  await lives.rest(restWithinMs).catch((error: Error) => broken.push(error.message))
  await records.catchUp()
  broken.push(...records.broken(), ...watching.broken(), ...(await end(world)))
  const { events } = records
  const incidents = await records.hepar.incidents()
  broken.push(
    ...brokenPromises({
      patients: lives.patients(),
      ward,
      events,
      incidents,
      sent: courier.sent,
      oncall: oncall.requests,
    }),
    ...intentsWhileStopped(events),
    ...intentsWithoutSource(events, sourceAway),
  )
  if (records.unrecorded() > 0)
    broken.push(`${records.unrecorded()} deliveries of the fleet were taken and not recorded`)
  for (const patient of lives.patients().filter((name) => broken.some((what) => what.startsWith(`${name}: `)))) {
    for (const line of ward.journal(patient)) say(`${patient} journal ${JSON.stringify(line)}`)
    for (const event of events.filter(({ target }) => target === `service/${patient}`)) {
      say(`${patient} event ${JSON.stringify(event)}`)
    }
  }
  const closed = (ending: string) =>
    events.filter(({ type, body }) => type === 'incident.closed' && body.ending === ending).length
  const latencies = fleet.latencies()
  const figures = {
    seconds: Math.round((performance.now() - beganAt) / 1_000),
    'load of one core, %': Math.round(meanLoad * 1_000) / 10,
    'seconds of the quiet life': Math.round((performance.now() - quiet.fromMs) / 1_000),
    processes: gauge.lives.length,
    deliveries: fleet.figures().deliveries + courier.sent.length,
    alerts: fleet.figures().alerts + courier.sent.length,
    'deliveries tried again': fleet.figures().refused + courier.sent.reduce((sum, { refused }) => sum + refused, 0),
    'delivery ms, median': Math.round(latencies[Math.floor(latencies.length / 2)] ?? 0),
    'delivery ms, p99': Math.round(latencies[Math.floor(latencies.length * 0.99)] ?? 0),
    events: records.count(),
    'oldest event left, s': await watching.oldestEventAgeS(),
    'events pruned': watching.pruned(),
    illnesses: lives.count(),
    ...lives.effects(),
    healed: closed('healed'),
    mitigated: closed('mitigated'),
    'self-recovered': closed('self_recovered'),
    'handed over': events.filter(({ type }) => type === 'incident.handed_over').length,
  }
  return { broken, judgements: judgeLife(quiet, totalMs / hours), figures, faults }
}

/** The log must verify, the stop must be clean, and nobody may be left. */
async function end({ hepar, ward }: World): Promise<readonly string[]> {
  const broken: string[] = []
  const verified = await hepar.cli('audit', 'verify', '--config', hepar.configFile)
  if (verified.code !== 0) broken.push(`the log does not verify: ${verified.stdout}${verified.stderr}`)
  const exit = await hepar.stop()
  if (exit.code !== 0) broken.push(`Hepar ended with ${JSON.stringify(exit)}`)
  const left = processesWith(ward.folder).filter((pid) => pid !== process.pid)
  if (left.length > 0) broken.push(`processes ${left.join(', ')} are left over`)
  return broken
}

function setupOf(ward: Ward, oncall: Sink, source: Source) {
  const treat = { action: 'treat', with: { ward: ward.folder }, timeout: '30s' }
  return {
    main: join(import.meta.dirname, 'quick-hepar.ts'),
    env: { HEPAR_SOAK_HASTEN: String(hasten) },
    plugins: [ward.plugins],
    rules: {
      'Ill.yaml': ward.playbook('Ill'),
      'Again.yaml': ward.playbook('Again', { steps: [{ ...treat, action: 'treat-again' }, { escalate: 'oncall' }] }),
      'Eased.yaml': ward.playbook('Eased', {
        steps: [{ ...treat, action: 'ease', hold: '1s' }, { escalate: 'oncall' }],
      }),
      'TwoSteps.yaml': ward.playbook('TwoSteps', { steps: [treat, treat, { escalate: 'oncall' }], for: '200ms' }),
      'Watched.yaml': watchedPlaybook('mended'),
    },
    config: {
      docker: { exporter: { enabled: false } },
      notify: { oncall: { url: oncall.url } },
      sources: [{ name: 'ward', alertmanagers: [source.url], prometheus: source.url }, { name: 'fleet' }],
      limits: {
        probeEvery: '200ms',
        episodeGap: '0s',
        effects: 8,
        reconcileEvery: '1s',
        confirmWithin: '5s',
        alertAge: '1m',
        // Bursts come all the time here; what a storm stops has tests of its own.
        storm: { incidents: 1_000_000 },
      },
      retention: { audit: '9d', maxBytes: '200MB' },
      log: { level: 'warn' },
      watch: false,
    },
  }
}

/** Measures each second, keeps the load where it is wanted, and scrapes. */
function watch({ hepar, gauge, fleet }: World, load: number, beganAt: number, say: (line: string) => void) {
  const broken: string[] = []
  let pruned = 0
  let oldestAt = 0
  const measure = setInterval(() => {
    gauge.look()
    const now = gauge.load()
    // Gently, so that what is measured is measured under an even load.
    if (now !== null) fleet.setRate(fleet.rate() * Math.min(1.05, Math.max(0.95, load / Math.max(0.01, now))))
  }, 1_000)
  const scrape = setInterval(async () => {
    // Down, suspended or starting: the next one will do.
    const answer = await fetch(`${hepar.url}/metrics`, { signal: AbortSignal.timeout(scrapeEveryMs) }).catch(() => null)
    if (answer === null) return
    const text = await answer.text().catch(() => '')
    if (answer.status !== 200) broken.push(`a scrape was answered ${answer.status}`)
    const metric = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
    pruned = Math.max(pruned, metric('hepar_retention_pruned_total{what="events"}'.replace(/[{}"]/g, '\\$&')))
    oldestAt = metric('hepar_audit_oldest_event_timestamp_seconds') || oldestAt
  }, scrapeEveryMs)
  const tell = setInterval(() => {
    const last = gauge.lives.at(-1)
    const memory = Math.round((last?.samples.memory.at(-1)?.value ?? 0) / 1e6)
    const at = ((performance.now() - beganAt) / 1_000).toFixed(1).padStart(7)
    say(
      `${at}s  ${memory} MB, ${Math.round(gauge.meanLoad() * 100)} % of a core, ${fleet.rate().toFixed(1)} deliveries/s`,
    )
  }, 15_000)
  const timers = [measure, scrape, tell]
  return {
    broken: () => broken,
    pruned: () => pruned,
    oldestEventAgeS: async () => (oldestAt === 0 ? 0 : Math.round(Date.now() / 1_000 - oldestAt)),
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
    },
  }
}
