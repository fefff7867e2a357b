import { join } from 'node:path'
import { tempFolder } from '../test/kit/temp.ts'
import { median, ms, percent, perSecond, quantile } from './figures.ts'
import { installNodeRed, nodeRedArgs } from './node-red.ts'
import type { BenchOptions, Findings } from './section.ts'
import { type Sent, send } from './send.ts'
import { type Server, startBare, startHepar, startOther } from './servers.ts'

const alertsPerDelivery = 10

interface Candidate {
  readonly name: string
  readonly does: string
  readonly start: (folder: string) => Promise<Server>
}

/** The same load, in turn, for Hepar and for what people use in its place. */
export async function others({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  say('others: installing Node-RED into a temporary folder')
  const nodeRed = await installNodeRed(folder.file('node-red'))
  if (!nodeRed.ok) say(`others: without Node-RED, because ${nodeRed.reason}`)
  const candidates = nodeRed.ok ? [...always, nodeRedCandidate(nodeRed.program)] : always
  await using stack = new AsyncDisposableStack()
  const running: { candidate: Candidate; server: Server; sent: Sent[] }[] = []
  for (const candidate of candidates) {
    const server = stack.use(await candidate.start(folder.file(`data-${running.length}`)))
    running.push({ candidate, server, sent: [] })
  }
  const load = { alertsPerDelivery, deliveries: quick ? 30 : 500, connections: 10 }
  for (let round = 0; round <= rounds; round += 1) {
    for (const { candidate, server, sent } of running) {
      const measured = await send(server, { ...load, from: round * load.deliveries * alertsPerDelivery })
      if (round > 0) sent.push(measured)
      say(`others: ${candidate.name} ${perSecond(measured.alertsPerSecond)}${round === 0 ? ' (warm-up)' : ''}`)
    }
  }
  const rows = running.map(({ candidate, sent }) => [
    candidate.name,
    perSecond(median(sent.map(({ alertsPerSecond }) => alertsPerSecond))),
    ms(median(sent.map(({ latenciesMs }) => quantile(latenciesMs, 0.99)))),
    percent(median(sent.map(({ cpuShare }) => cpuShare))),
    candidate.does,
  ])
  const notes = nodeRed.ok ? [] : [`Node-RED was not measured: ${nodeRed.reason}.`]
  const title = 'Beside what people use in its place'
  const head = ['receiver', 'alerts/s', 'answered in (p99)', "sender's processor", 'when it answers 200']
  return { outcomes: [], tables: [{ title, head, rows, notes: [how(rounds, load), ...notes] }] }
}

const always: readonly Candidate[] = [
  {
    name: 'Hepar',
    start: (folder) => startHepar(folder),
    does: 'every alert is validated, decided once, chained in the log, and on the disk (`fsync`)',
  },
  {
    name: 'a bare Express route (`bench/bare.ts`)',
    start: startBare,
    does: 'the JSON is parsed; nothing is kept',
  },
  {
    name: 'a forking shell receiver (`bench/forking-receiver.ts`)',
    start: (folder) =>
      startOther('forking', folder, [join(import.meta.dirname, 'forking-receiver.ts'), join(folder, 'alerts.log')]),
    does: 'a shell has run for every alert, one after the other in a delivery, and appended a line, not synced; a duplicate runs it again',
  },
]

function nodeRedCandidate(program: string): Candidate {
  return {
    name: 'a Node-RED flow (`bench/node-red.ts`)',
    start: (folder) => startOther('node-red', folder, nodeRedArgs(program, folder)),
    does: 'every new alert is a line in a file, not synced; duplicates are known by fingerprint and start, in memory, so until a restart',
  }
}

function how(rounds: number, { deliveries, connections }: { deliveries: number; connections: number }): string {
  return `Deliveries of ${alertsPerDelivery}, ${deliveries} in a round over ${connections} connections, medians of ${rounds} rounds in turn. The last column is what had happened when the 200 was sent, by reading the code that was measured; a flow or a script can be made to do more, and is slower then.`
}
