import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Hepar } from '../kit/hepar.ts'
import type { Answer, Sink } from '../kit/sink.ts'
import { waitFor } from '../kit/wait.ts'
import type { Fleet } from './fleet.ts'
import type { ChannelFault, ProcessFault, SoakSchedule, WorldFault } from './schedule.ts'
import type { Source } from './source.ts'

export interface Stage {
  readonly hepar: Hepar
  readonly source: Source
  readonly oncall: Sink
  readonly fleet: Fleet
  readonly say: (line: string) => void
  /** Called when a new process has begun and is ready. */
  readonly restarted: (startedAt: number) => void
}

/** When something was away, in epoch milliseconds. */
export interface Away {
  readonly from: number
  readonly to: number
}

export interface Happened {
  /** How often each kind came. */
  readonly faults: Readonly<Record<string, number>>
  readonly sourceAway: readonly Away[]
}

const burstAlerts = 1_000

/** Lets happen what the schedule says, at its time; resolves when the last of it is over. */
export async function letHappen(schedule: SoakSchedule, beganAt: number, stage: Stage): Promise<Happened> {
  const faults: Record<string, number> = {}
  const sourceAway: Away[] = []
  const count = (name: string, lastsMs: number) => {
    faults[name] = (faults[name] ?? 0) + 1
    stage.say(`${((performance.now() - beganAt) / 1_000).toFixed(1).padStart(7)}s  ${name}, ${lastsMs} ms`)
  }
  const lane = async <Fault extends ProcessFault | WorldFault>(
    all: readonly Fault[],
    endure: (fault: Fault) => Promise<void>,
  ) => {
    for (const fault of all) {
      await pause(Math.max(0, fault.atMs - (performance.now() - beganAt)))
      // What was delayed by others must not reach into the time that has to be calm.
      if (performance.now() - beganAt > schedule.calmFromMs) return
      count('how' in fault ? `${fault.kind}-${fault.how}` : fault.kind, fault.lastsMs)
      await endure(fault)
    }
  }
  await Promise.all([
    lane(schedule.process, (fault) => endureProcess(fault, stage)),
    lane(schedule.world, async (fault) => {
      const from = Date.now()
      await endureWorld(fault, stage)
      if (fault.kind === 'source') sourceAway.push({ from, to: from + fault.lastsMs })
    }),
  ])
  return { faults, sourceAway }
}

async function endureProcess({ kind, lastsMs }: ProcessFault, stage: Stage): Promise<void> {
  const { hepar } = stage
  if (!hepar.running()) throw new Error(`Hepar ended by itself:\n${hepar.output().slice(-3_000)}`)
  if (kind === 'kill') {
    await hepar.kill()
    await pause(lastsMs)
    const startedAt = Date.now()
    await hepar.start({ unready: true })
    const ready = async () => (await fetch(`${hepar.url}/readyz`)).ok
    await waitFor(ready, { what: 'a ready Hepar', deadlineMs: 300_000, everyMs: 100 })
    return stage.restarted(startedAt)
  }
  if (kind === 'suspend') {
    hepar.signal('SIGSTOP')
    await pause(lastsMs)
    return hepar.signal('SIGCONT')
  }
  const file = join(hepar.folder, 'rules', 'Watched.yaml')
  writeFileSync(file, kind === 'rules-broken' ? 'version: 1\nsteps: [' : watchedPlaybook(`changed at ${Date.now()}`))
  hepar.signal('SIGHUP')
  await pause(lastsMs)
  if (kind !== 'rules-broken') return
  writeFileSync(file, watchedPlaybook('mended'))
  hepar.signal('SIGHUP')
}

/** Waits for a host to recover by itself, and never acts. */
export function watchedPlaybook(summary: string): string {
  return JSON.stringify({
    version: 1,
    summary,
    when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: 'Watched' }] },
    target: 'service/fleet-{{ labels.host }}',
    settle: '1h',
    steps: [{ escalate: 'oncall' }],
  })
}

const channelAnswers: Readonly<Record<ChannelFault, Answer>> = {
  errors: { code: 500 },
  hangs: { hang: 'before' },
  resets: { hang: 'reset' },
}

async function endureWorld(fault: WorldFault, stage: Stage): Promise<void> {
  const { source, oncall, fleet, hepar } = stage
  if (fault.kind === 'burst') return fleet.burst(burstAlerts)
  if (fault.kind === 'source') {
    await source.fail(fault.how)
    await pause(fault.lastsMs)
    return source.mend()
  }
  if (fault.kind === 'channel') {
    oncall.answer(channelAnswers[fault.how])
    await pause(fault.lastsMs)
    return oncall.answer({})
  }
  await throwSwitch(hepar, true)
  await pause(fault.lastsMs)
  await throwSwitch(hepar, false)
}

/** Again and again, for Hepar may be down or suspended at that moment. */
async function throwSwitch(hepar: Hepar, paused: boolean): Promise<void> {
  const body = JSON.stringify(paused ? { paused, reason: 'soak' } : { paused })
  const put = async () => {
    const signal = AbortSignal.timeout(10_000)
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${hepar.url}/api/v1/pause`, { method: 'PUT', headers, body, signal })).ok
  }
  await waitFor(put, { what: `the stop switch ${paused ? 'on' : 'off'}`, deadlineMs: 120_000, everyMs: 500 })
}
