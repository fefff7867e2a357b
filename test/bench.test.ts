import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { reportPage } from '../bench/report.ts'
import type { Outcome } from '../bench/section.ts'
import { type Target, type TargetId, targets } from '../bench/targets.ts'
import { runProgram } from './kit/process.ts'

const root = resolve(import.meta.dirname, '..')
const bench = (...args: string[]) =>
  runProgram(process.execPath, [join(root, 'bench/main.ts'), ...args], { cwd: root, timeoutMs: 120_000 })

test('one section runs by itself, on real processes, and says of each target whether it is reached', async () => {
  const { code, stdout, stderr } = await bench('--quick', '--only', 'body', '--json')
  expect(stderr).toMatch(/^0:\d\d body: /m)
  expect(code, stderr).toBe(0)
  const { outcomes } = JSON.parse(stdout) as { outcomes: (Outcome & { reached: boolean })[] }
  expect(outcomes.map(({ id }) => id)).toEqual(['body.accepted', 'body.small', 'body.lag'])
  for (const { value, figure, reached } of outcomes) {
    expect(value).toBeGreaterThan(0)
    expect(figure).toMatch(/\d/)
    expect(typeof reached).toBe('boolean')
  }
}, 120_000)

test('a section that does not exist is named with those that do', async () => {
  const { code, stderr } = await bench('--only', 'everything')
  expect(code).toBe(2)
  expect(stderr).toContain('there is no section "everything"')
  expect(stderr).toContain('ingest, playbooks, latency, start, memory, body, history, storage, retention, others')
}, 60_000)

test('a target that is missed says so, and so does one that was not measured', () => {
  const missed: Outcome = { id: 'body.accepted', value: 2.01, figure: '2.01 s', detail: 'slowly' }
  const reached: Outcome = { id: 'body.lag', value: 100, figure: '100 ms', detail: 'just so' }
  const page = reportPage({
    rounds: 1,
    at: new Date(0),
    tookSeconds: 60,
    machine: 'a machine',
    loadBefore: '0.0',
    command: 'npm run bench',
    outcomes: [missed, reached],
    tables: [],
  })
  expect(page).toContain('| a body of 10,000 alerts is accepted | **2.01 s** | ≤ 2 s | **no** |')
  expect(page).toContain('| event loop lag meanwhile, p99 | **100 ms** | ≤ 100 ms | yes |')
  expect(page).toContain('| start with 1,000,000 events | not measured | ≤ 2 s | **no** |')
})

test('the page names every target with what is required of it and a measured figure', () => {
  const lines = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8').split('\n')
  for (const id of Object.keys(targets) as TargetId[]) {
    const { what, required }: Target = targets[id]
    const line = lines.find((found) => found.startsWith(`| ${what} |`))
    expect(line, what).toMatch(/^\| [^|]+ \| \*\*[^|]*\w[^|]*\*\* \|/)
    expect(line, what).toContain(`| ${required} |`)
  }
})
