import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runProgram } from '../test/kit/process.ts'
import { tempFolder } from '../test/kit/temp.ts'
import { count, median, ms, perSecond, quantile, seconds } from './figures.ts'
import { install } from './install.ts'
import type { BenchOptions, Findings, Outcome } from './section.ts'
import { send } from './send.ts'
import { type Server, startHepar } from './servers.ts'

const root = resolve(import.meta.dirname, '..')
const asksOfEach = 40

/** What a long past costs: everything on a store with very many events, which `audit verify` accepts first. */
export async function history({ rounds, quick, say }: BenchOptions): Promise<Findings> {
  await using folder = await tempFolder('bench')
  const wanted = quick ? 40_000 : 1_000_000
  const full = folder.file('full')
  const { events, incidents } = await fill(full, wanted)
  say(`history: ${count(events)} events written`)
  const verified = await verify(full)
  say(`history: audit verify: ${verified.words}`)
  const program = join(await install(folder.path), 'dist/src/main.js')
  const starting = await starts(full, program, quick ? 1 : Math.max(3, rounds), say)
  await using hepar = await startHepar(full)
  await using empty = await startHepar(folder.file('empty'))
  const lists = await listing(hepar, quick ? 5 : asksOfEach)
  for (const { path, p95 } of lists) say(`history: ${path} ${ms(p95)}`)
  const intake = await pairs(hepar, empty, rounds, quick, say)
  const slowest = lists.reduce((slow, list) => (list.p95 > slow.p95 ? list : slow))
  const start = median(starting) / 1_000
  const made = `${count(events)} events of ${count(incidents)} heals, written by Hepar's own store`
  const outcomes: Outcome[] = [
    {
      id: 'history.verify',
      value: verified.ok ? 1 : 0,
      figure: verified.ok ? 'yes' : 'no',
      detail: `${made}; it takes ${seconds(verified.seconds)}`,
    },
    {
      id: 'history.ingest',
      value: intake.ratio,
      figure: intake.ratio.toFixed(2),
      detail: `deliveries of 10: ${perSecond(intake.full)} beside ${perSecond(intake.empty)}`,
    },
    {
      id: 'history.start',
      value: start,
      figure: seconds(start),
      detail: `the built package, median of ${starting.length} starts until /readyz answers 200`,
    },
    {
      id: 'history.list',
      value: slowest.p95,
      figure: ms(slowest.p95),
      detail: `the slowest of ${lists.length} lists, each asked ${lists[0]?.asked} times: \`GET ${slowest.path}\``,
    },
  ]
  const rows = lists.map(({ path, p50, p95 }) => [`\`GET ${path}\``, ms(p50), ms(p95)])
  const title = `Lists of a store with ${count(events)} events and ${count(incidents)} incidents`
  return { outcomes, tables: [{ title, head: ['asked', 'p50', 'p95'], rows, notes: [] }] }
}

async function fill(folder: string, events: number): Promise<{ events: number; incidents: number }> {
  const args = [join(root, 'bench/fill-history.ts'), folder, String(events)]
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`the history could not be written: ${stderr}`)
  return JSON.parse(stdout) as { events: number; incidents: number }
}

async function verify(folder: string): Promise<{ ok: boolean; words: string; seconds: number }> {
  const config = join(folder, 'hepar.yaml')
  writeFileSync(config, '')
  const args = [join(root, 'src/main.ts'), 'audit', 'verify', '--config', config]
  const begunAt = performance.now()
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: folder, timeoutMs: 600_000 })
  return { ok: code === 0, words: (stdout || stderr).trim(), seconds: (performance.now() - begunAt) / 1_000 }
}

async function starts(
  folder: string,
  main: string,
  times: number,
  say: (line: string) => void,
): Promise<readonly number[]> {
  const took: number[] = []
  for (let time = 0; time < times; time += 1) {
    await using hepar = await startHepar(folder, { main })
    took.push(hepar.readyMs)
    say(`history: ready after ${count(hepar.readyMs)} ms`)
  }
  return took
}

async function listing({ url }: Server, times: number) {
  const ask = async (path: string) => {
    const response = await fetch(`${url}${path}`)
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} was answered ${response.status}: ${text}`)
    return JSON.parse(text) as { incidents?: { id: string }[]; events?: { seq: number }[] }
  }
  const newest = (await ask('/api/v1/incidents?limit=200')).incidents ?? []
  const { seq } = (await ask('/api/v1/audit/head')) as unknown as { seq: number }
  const paths = [
    '/api/v1/incidents',
    '/api/v1/incidents?limit=200',
    `/api/v1/incidents?cursor=${newest.at(-1)?.id}`,
    '/api/v1/incidents?state=open,waiting',
    '/api/v1/incidents?ending=refused',
    '/api/v1/incidents?playbook=playbook-7',
    '/api/v1/incidents?target=container/local/service-77',
    '/api/v1/alerts',
    '/api/v1/audit',
    `/api/v1/audit?after=${Math.floor(seq / 2)}&limit=1000`,
    '/api/v1/audit?type=incident.handed_over',
    `/api/v1/incidents/${newest[0]?.id}`,
  ]
  const lists = []
  for (const path of paths) {
    const took: number[] = []
    for (let time = 0; time < times; time += 1) {
      const begunAt = performance.now()
      await ask(path)
      took.push(performance.now() - begunAt)
    }
    const shown = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'ID')
    lists.push({ path: shown, p50: quantile(took, 0.5), p95: quantile(took, 0.95), asked: times })
  }
  return lists
}

async function pairs(hepar: Server, empty: Server, rounds: number, quick: boolean, say: (line: string) => void) {
  const load = { alertsPerDelivery: 10, deliveries: quick ? 200 : 2_000, connections: 20 }
  const measured: { full: number; empty: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const order = { ...load, from: round * load.deliveries * load.alertsPerDelivery }
    const ofEmpty = (await send(empty, order)).alertsPerSecond
    const ofFull = (await send(hepar, order)).alertsPerSecond
    if (round > 0) measured.push({ full: ofFull, empty: ofEmpty })
    say(`history: intake ${perSecond(ofFull)} beside ${perSecond(ofEmpty)}${round === 0 ? ' (warm-up)' : ''}`)
  }
  return {
    ratio: median(measured.map(({ full, empty }) => full / empty)),
    full: median(measured.map(({ full }) => full)),
    empty: median(measured.map(({ empty }) => empty)),
  }
}
