import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runProgram } from '../kit/process.ts'
import type { Tooth } from './teeth.ts'

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
]

/** A copy of the project in which one safety at a time can be taken away. */
export interface Copy {
  readonly folder: string
  close(): void
}

export function makeCopy(): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-teeth-'))
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true })
  cpSync(join(root, 'vitest.config.ts'), join(folder, 'vitest.config.ts'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { folder, close: () => rmSync(folder, { recursive: true, force: true }) }
}

export type Bite =
  | { readonly bites: true; readonly red: readonly string[]; readonly seconds: number }
  | { readonly bites: false; readonly why: string; readonly seconds: number }

/** Takes one safety away and runs the test that has to notice. It bites when the named test, and not just its file, turns red. */
export async function bite(tooth: Tooth, { folder }: Copy): Promise<Bite> {
  const started = performance.now()
  const file = join(folder, tooth.file)
  const whole = readFileSync(file, 'utf8')
  const seconds = () => Math.round((performance.now() - started) / 100) / 10
  if (whole.split(tooth.find).length !== 2) {
    return {
      bites: false,
      why: `the text to take away stands ${whole.split(tooth.find).length - 1} times in ${tooth.file}`,
      seconds: 0,
    }
  }
  writeFileSync(
    file,
    whole.replace(tooth.find, () => tooth.replace),
  )
  try {
    const results = await runTest(tooth, folder)
    const red = results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
    if (red.length > 0) return { bites: true, red, seconds: seconds() }
    const ran = results.filter(({ status }) => status === 'passed').length
    return { bites: false, why: `${ran} tests named “${tooth.red}” ran, and none turned red`, seconds: seconds() }
  } finally {
    writeFileSync(file, whole)
  }
}

/** The same tests on the untouched copy: they must be green, or their turning red says nothing. */
export async function isGreen(tooth: Tooth, { folder }: Copy): Promise<boolean> {
  const results = await runTest(tooth, folder)
  return results.some(({ status }) => status === 'passed') && results.every(({ status }) => status !== 'failed')
}

interface Result {
  readonly fullName: string
  readonly status: string
}

async function runTest({ test, red }: Tooth, folder: string): Promise<readonly Result[]> {
  const report = join(folder, 'teeth-report.json')
  rmSync(report, { force: true })
  const escaped = red.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const args = ['run', test, '-t', escaped, '--reporter=json', `--outputFile=${report}`]
  const { stdout, stderr } = await runProgram(join(folder, 'node_modules/.bin/vitest'), args, {
    cwd: folder,
    timeoutMs: 300_000,
  })
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: { assertionResults: Result[]; message?: string }[]
    }
    const results = testResults.flatMap(({ assertionResults }) => assertionResults)
    return results.filter(({ fullName }) => fullName.includes(red))
  } catch (cause) {
    throw new Error(`no report of ${test}: ${stdout.slice(-500)}${stderr.slice(-500)}`, { cause })
  }
}
