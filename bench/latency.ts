import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { tempFolder } from '../test/kit/temp.ts'
import { waitFor } from '../test/kit/wait.ts'
import { deliveryBody } from './alerts.ts'
import { ms, quantile } from './figures.ts'
import type { BenchOptions, Findings } from './section.ts'
import { send } from './send.ts'
import { type Server, startHepar } from './servers.ts'

const pauseMs = 750

/** From the answer that accepted an alert to the first line of its action, in the runner's own words. */
export async function latency({ quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  const notes = folder.file('notes')
  mkdirSync(notes)
  await using hepar = await startHepar(folder.file('hepar'), {
    playbooks: { begin: playbookText(notes) },
    config: {
      sources: [{ name: 'main' }],
      plugins: [join(import.meta.dirname, 'plugins')],
      // One alert after another for minutes is a storm by the defaults, and is refused most of its effects.
      limits: { effects: 20, rate: ['9999/1m'], storm: { incidents: 9_999 } },
    },
  })
  const samples = quick ? 5 : 60
  // The first ones also start what is kept warm from then on.
  await measure(hepar, notes, 1_000_000, 5)
  const idle = await measure(hepar, notes, 2_000_000, samples)
  say(`latency: idle p50 ${ms(quantile(idle.accepted, 0.5))}, p99 ${ms(quantile(idle.accepted, 0.99))}`)
  const seconds = Math.ceil((samples * (pauseMs + 250)) / 1_000)
  const load = { alertsPerDelivery: 10, deliveries: seconds * 100, connections: 20, perSecond: 100, from: 0 }
  const sending = send(hepar, { ...load, kind: 'none' })
  const busy = await measure(hepar, notes, 3_000_000, samples)
  const { alertsPerSecond, latenciesMs } = await sending
  const rate = `${Math.round(alertsPerSecond)} alerts/s`
  say(`latency: busy (${rate}) p50 ${ms(quantile(busy.accepted, 0.5))}, p99 ${ms(quantile(busy.accepted, 0.99))}`)
  return {
    outcomes: [
      outcome('latency.idle', idle, 'one alert at a time'),
      outcome('latency.busy', busy, `${rate} meanwhile, answered in ${ms(quantile(latenciesMs, 0.99))} (p99)`),
    ],
  }
}

interface Latencies {
  /** Milliseconds from the answer, and from the first byte of the request, to the beginning of the effect. */
  readonly accepted: readonly number[]
  readonly sent: readonly number[]
}

function outcome(id: 'latency.idle' | 'latency.busy', { accepted, sent }: Latencies, how: string) {
  const value = quantile(accepted, 0.99)
  const detail = `${accepted.length} effects, ${how}: p50 ${ms(quantile(accepted, 0.5))}, worst ${ms(Math.max(...accepted))}; from the first byte of the request p99 ${ms(quantile(sent, 0.99))}`
  return { id, value, figure: ms(value), detail }
}

async function measure(hepar: Server, notes: string, from: number, samples: number): Promise<Latencies> {
  const accepted: number[] = []
  const sent: number[] = []
  for (let number = from; number < from + samples; number += 1) {
    const body = deliveryBody(number, 1, { illUpTo: Number.POSITIVE_INFINITY })
    const sentAt = now()
    const response = await fetch(hepar.webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await response.text()
    const acceptedAt = now()
    if (response.status !== 200) throw new Error(`a delivery was answered ${response.status}`)
    const beganAt = await beginning(join(notes, `service-${number}`))
    // It may begin before its sender has read the answer.
    accepted.push(Math.max(0, beganAt - acceptedAt))
    sent.push(beganAt - sentAt)
    await pause(pauseMs)
  }
  return { accepted, sent }
}

function beginning(file: string): Promise<number> {
  return waitFor(() => Number(readFileSync(file, 'utf8').trim()), {
    what: `the effect that writes ${file}`,
    everyMs: 5,
  })
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function playbookText(folder: string): string {
  return `version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }] }
target: service/{{ labels.name }}
steps: [{ action: note-begin, with: { folder: "${folder}" } }]
verify: []
for: 0s
`
}
