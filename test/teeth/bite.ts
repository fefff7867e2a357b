import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runProgram } from '../kit/process.ts'
import type { Tooth } from './tooth.ts'

const root = resolve(import.meta.dirname, '../..')
const copied = [
  'src',
  'plugins',
  'rules',
  'test',
  'prometheus',
  'alertmanager',
  'hepar.yaml',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]
const runMsMax = 180_000
/** A test that hangs without its safety needs not be waited for as long as others. */
const hangMsMax = 15_000

/** A copy of the project in which one safety at a time can be taken away. */
export interface Copy {
  readonly folder: string
  close(): void
}

export function makeCopy(): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'teeth-'))
  const close = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  process.once('exit', close)
  return {
    folder,
    close() {
      process.off('exit', close)
      close()
    },
  }
}

export interface Bite {
  readonly bites: boolean
  /** The tests that turned red and why, or what happened instead. */
  readonly detail: string
  readonly seconds: number
}

/** Takes one safety away and runs the test that has to notice. It bites when the named test, and not just its file, turns red. */
export async function bite(tooth: Tooth, { folder }: Copy): Promise<Bite> {
  const started = performance.now()
  const file = join(folder, tooth.file)
  const whole = readFileSync(file, 'utf8')
  const parts = whole.split(tooth.find)
  const done = (bites: boolean, detail: string): Bite => {
    return { bites, detail, seconds: Math.round((performance.now() - started) / 100) / 10 }
  }
  if (parts.length !== 2) return done(false, `the text to take away stands ${parts.length - 1} times in ${tooth.file}`)
  writeFileSync(file, parts.join(tooth.replace))
  try {
    const run = await runUntilRed(tooth, folder)
    if (!run.ok) return done(false, run.reason)
    const red = run.results.filter(({ status }) => status === 'failed')
    if (red.length === 0) return done(false, `none of the ${run.results.length} tests of this name turned red`)
    const problem = red.every(({ why }) => isAccident(why, tooth))
    const words = red.map(({ name, why }) => `${name}: ${why.split('\n', 1)[0]?.slice(0, 160)}`).join('; ')
    return done(!problem, problem ? `red for another reason: ${words}` : words)
  } finally {
    writeFileSync(file, whole)
  }
}

async function runUntilRed({ test, red, hangs, races = 1 }: Tooth, folder: string): Promise<Run> {
  for (let left = races; ; left -= 1) {
    const run = await runTests(test, [red], folder, hangs ? [`--testTimeout=${hangMsMax}`] : [])
    if (left <= 1 || !run.ok || run.results.some(({ status }) => status === 'failed')) return run
  }
}

/** Red because the edit is broken, or because nobody waited long enough, says nothing about the safety. */
function isAccident(why: string, { hangs }: Tooth): boolean {
  if (/^(ReferenceError|SyntaxError)/.test(why)) return true
  return !hangs && /^\w*(Error: )?(Test|Hook) timed out/.test(why)
}

/** Of these names, those whose tests are not all green, or not there, on the untouched copy: their turning red says nothing. */
export async function notGreen(test: string, names: readonly string[], { folder }: Copy): Promise<ReadonlySet<string>> {
  const run = await runTests(test, names, folder)
  if (!run.ok) return new Set(names)
  const green = (name: string) => {
    const results = run.results.filter((result) => isNamed(result, name))
    return results.length > 0 && results.every(({ status }) => status === 'passed')
  }
  return new Set(names.filter((name) => !green(name)))
}

interface Result {
  readonly name: string
  readonly status: 'passed' | 'failed'
  readonly why: string
}

type Run = { readonly ok: true; readonly results: readonly Result[] } | { readonly ok: false; readonly reason: string }

async function runTests(test: string, names: readonly string[], folder: string, more: string[] = []): Promise<Run> {
  const scratch = join(folder, 't')
  const report = join(scratch, 'report.json')
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch)
  const pattern = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  const vitest = [process.execPath, join(folder, 'node_modules/vitest/vitest.mjs'), 'run', test, '-t', pattern, ...more]
  const [command = '', ...args] = [...(await cage()), ...vitest, '--reporter=json', `--outputFile=${report}`]
  // What is taken away must show for certain, so more stories are told than in an ordinary run.
  const env = { ...process.env, TMPDIR: scratch, STORIES_TIMES: '3' }
  const { code, stdout, stderr } = await runProgram(command, args, { cwd: folder, env, timeoutMs: runMsMax })
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    const results = testResults.flatMap(({ assertionResults }) => assertionResults).map(toResult)
    const named = results.filter((result) => names.some((name) => isNamed(result, name)))
    const [broken] = testResults.filter(({ assertionResults }) => assertionResults.length === 0)
    if (named.length === 0 && broken) return { ok: false, reason: `the test file fails: ${broken.message}` }
    return { ok: true, results: named.filter(({ status }) => status === 'passed' || status === 'failed') }
  } catch {
    const end = `${stdout}${stderr}`.trim().slice(-300)
    return { ok: false, reason: code === null ? `it did not end within ${runMsMax} ms` : `no report: ${end}` }
  }
}

interface Report {
  readonly testResults: readonly {
    readonly message?: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: Result['status']
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

function toResult(report: Report['testResults'][number]['assertionResults'][number]): Result {
  const { ancestorTitles, title, status, failureMessages } = report
  return { name: [...ancestorTitles, title].join(' > '), status, why: failureMessages?.join('\n') ?? '' }
}

function isNamed({ name }: Result, red: string): boolean {
  return name.startsWith(red)
}

let caged: Promise<readonly string[]> | null = null

/** Without its safeties a test may leave processes behind; in a process namespace of its own they end with it. */
function cage(): Promise<readonly string[]> {
  const words = ['unshare', '--pid', '--mount-proc', '--fork', '--kill-child']
  caged ??= runProgram('unshare', [...words.slice(1), 'true']).then(
    ({ code }) => (code === 0 ? words : []),
    () => [],
  )
  return caged
}
