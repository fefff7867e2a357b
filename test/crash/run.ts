import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { openWard, type Ward } from '../kit/ward.ts'
import { createCourier } from './courier.ts'
import { createLives, type Lives } from './lives.ts'
import { drawSchedule, type Kill, type Schedule } from './schedule.ts'
import { violations } from './violations.ts'

export interface CrashReport {
  readonly schedule: Schedule
  /** Broken promises, in words. */
  readonly broken: readonly string[]
  readonly figures: Figures
}

/** What really happened, so that a run in which nothing did cannot pass for a good one. */
export interface Figures {
  readonly kills: number
  /** Kills while Hepar was still starting. */
  readonly killsBeforeReady: number
  readonly illnesses: number
  readonly deliveries: number
  /** Tries that were refused or broke off. */
  readonly deliveriesRefused: number
  readonly effectsBegun: number
  /** Effects that began and never ended. */
  readonly effectsCutOff: number
  readonly unknown: number
  readonly healed: number
  /** Temporary effects that really began, and incidents that one carried over. */
  readonly eased: number
  readonly mitigated: number
  readonly handedOver: number
  readonly events: number
  readonly seconds: number
}

interface Stage {
  readonly schedule: Schedule
  readonly ward: Ward
  readonly oncall: Sink
  readonly hepar: Hepar
  readonly lives: Lives
}

// A revert that was killed many times waits long for its next try.
const restWithinMs = 900_000

/** Lets patients fall ill and kills Hepar at the instants the seed says, then waits for rest and checks every promise. */
export async function crashAtRandom(
  { seed, kills }: { readonly seed: number; readonly kills: number },
  say: (line: string) => void = () => {},
): Promise<CrashReport> {
  const begunAt = performance.now()
  const schedule = drawSchedule(seed, kills)
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await tempFolder('crash'))
  const ward = stack.use(await openWard(join(folder.path, 'ward')))
  const oncall = stack.use(await startSink())
  const hepar = stack.use(await startHepar({ ...setupOf(ward, oncall), folder: folder.path, unready: true }))
  const courier = createCourier(hepar.webhookUrl)
  stack.defer(() => courier.stop())
  const lives = createLives({ ward, oncall, hepar, courier })
  const stage = { schedule, ward, oncall, hepar, lives }
  const early: string[] = []
  let killsBeforeReady = 0
  for (const [round, kill] of schedule.kills.entries()) {
    const { wasReady, broken } = await liveThrough(round, kill, stage)
    early.push(...broken)
    if (!wasReady) killsBeforeReady += 1
    say(`kill ${round + 1}/${kills}, ${kill.delayMs} ms after ${kill.after}${wasReady ? '' : ', not ready yet'}`)
    await hepar.start({ unready: true })
  }
  const lastStartAt = Date.now()
  beginRound(kills, stage)
  early.push(...(await untilReady(stage, lastStartAt)))
  await lives.rest(restWithinMs)
  const verified = await hepar.cli('audit', 'verify', '--config', hepar.configFile)
  if (verified.code !== 0) early.push(`the log does not verify: ${verified.stdout}${verified.stderr}`)
  const events = await hepar.events()
  const evidence = { ward, events, incidents: await hepar.incidents(), sent: courier.sent, oncall: oncall.requests }
  const broken = [...early, ...violations({ ...evidence, patients: lives.patients() })]
  const figures = {
    kills,
    killsBeforeReady,
    illnesses: lives.count(),
    deliveries: courier.sent.length,
    deliveriesRefused: courier.sent.reduce((sum, { refused }) => sum + refused, 0),
    ...lives.effects(),
    unknown: events.filter(({ type, body }) => type === 'attempt.effect_ended' && body.effect === 'unknown').length,
    healed: events.filter(({ type, body }) => type === 'incident.closed' && body.ending === 'healed').length,
    eased: lives.patients().flatMap((patient) => ward.journal(patient).filter(({ what }) => what === 'eased')).length,
    mitigated: events.filter(({ type, body }) => type === 'incident.closed' && body.ending === 'mitigated').length,
    handedOver: events.filter(({ type }) => type === 'incident.handed_over').length,
    events: events.length,
    seconds: Math.round((performance.now() - begunAt) / 1_000),
  }
  return { schedule, broken, figures }
}

function setupOf(ward: Ward, oncall: Sink) {
  const treat = { action: 'treat', with: { ward: ward.folder }, timeout: '30s' }
  return {
    holdable: true,
    plugins: [ward.plugins],
    rules: {
      'Ill.yaml': ward.playbook('Ill'),
      'Again.yaml': ward.playbook('Again', { steps: [{ ...treat, action: 'treat-again' }, { escalate: 'oncall' }] }),
      'Eased.yaml': ward.playbook('Eased', {
        steps: [{ ...treat, action: 'ease', hold: '1s' }, { escalate: 'oncall' }],
      }),
      'TwoSteps.yaml': ward.playbook('TwoSteps', { steps: [treat, treat, { escalate: 'oncall' }], for: '200ms' }),
    },
    config: {
      docker: { exporter: { enabled: false } },
      notify: { oncall: { url: oncall.url } },
      limits: { probeEvery: '200ms', episodeGap: '0s', effects: 8 },
    },
  }
}

/** One round: Hepar has just been started; people fall ill; it is killed. Says whether it had become ready. */
async function liveThrough(round: number, kill: Kill, stage: Stage) {
  const { lives, hepar } = stage
  const startedAt = Date.now()
  beginRound(round, stage)
  let broken: readonly string[] = []
  let wasReady = kill.after !== 'spawn'
  if (kill.after === 'spawn') {
    await pause(kill.delayMs)
    wasReady = await isReady(hepar)
  } else {
    broken = await untilReady(stage, startedAt)
    if (kill.after === 'effect') await lives.effectSince(startedAt, 4_000)
    await pause(kill.delayMs)
  }
  if (!hepar.running()) throw new Error(`Hepar ended by itself:\n${hepar.output().slice(-3_000)}`)
  await hepar.kill()
  return { wasReady, broken }
}

function beginRound(round: number, { schedule, lives }: Stage): void {
  for (const illness of schedule.illnesses) if (illness.round === round) lives.begin(illness)
}

/** Ready means that nothing of an earlier Hepar's effects lives any more. */
async function untilReady({ hepar, lives }: Stage, startedAt: number): Promise<readonly string[]> {
  await waitFor(
    () => {
      if (!hepar.running()) throw new Error(`Hepar ended by itself:\n${hepar.output().slice(-3_000)}`)
      return isReady(hepar)
    },
    { what: 'a ready Hepar', deadlineMs: 90_000, everyMs: 10 },
  )
  return lives.survivorsOf(startedAt)
}

async function isReady({ url }: Hepar): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}
