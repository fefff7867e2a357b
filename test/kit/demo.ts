import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { processesWith } from './process-table.ts'
import { type TempFolder, tempFolder } from './temp.ts'
import { waitFor } from './wait.ts'

const main = resolve(import.meta.dirname, '../../src/demo/main.ts')

/** The demo as a process of its own, which finds nothing but Node on its PATH, and whose temporary folder is the test's. */
export interface Demo extends AsyncDisposable {
  /** What it has printed so far, on both outputs. */
  text(): string
  /** The same as steps, under `--json`. */
  steps(): readonly Readonly<Record<string, unknown>>[]
  /** Waits until it has printed this. */
  printed(what: string | RegExp, deadlineMs?: number): Promise<void>
  signal(name: NodeJS.Signals): void
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  /** The folder in which it works, once it has one. */
  folder(): string
  /** What it has left behind. */
  leftovers(): { readonly files: readonly string[]; readonly processes: readonly number[] }
}

export async function startDemo(...args: readonly string[]): Promise<Demo> {
  const temp = await tempFolder('d')
  const bin = temp.file('bin')
  const work = temp.file('t')
  for (const folder of [bin, work]) mkdirSync(folder)
  symlinkSync(process.execPath, join(bin, 'node'))
  const child = spawn(join(bin, 'node'), [main, ...args], {
    cwd: work,
    env: { PATH: bin, TMPDIR: work, HOME: work, HEPAR_MODE: 'observe', HEPAR_LISTEN: '127.0.0.1:1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  const ended = new Promise<number | NodeJS.Signals | null>((done) => {
    child.once('close', (code, signal) => done(code ?? signal))
  })
  return {
    text: () => text,
    steps: () => stepsIn(text),
    async printed(what, deadlineMs = 60_000) {
      const look = () => (typeof what === 'string' ? text.includes(what) : what.test(text))
      await waitFor(look, { what: `the demo prints ${what}`, deadlineMs, everyMs: 5 })
    },
    signal: (name) => void child.kill(name),
    ended,
    folder: () => join(work, readdirSync(work)[0] ?? 'there is none'),
    leftovers: () => ({ files: readdirSync(work), processes: processesWith(work) }),
    [Symbol.asyncDispose]: () => close(child.kill.bind(child), ended, temp),
  }
}

async function close(kill: (signal: NodeJS.Signals) => boolean, ended: Promise<unknown>, temp: TempFolder) {
  // What a failed test leaves is ended as a viewer would end it.
  kill('SIGTERM')
  await ended
  await temp[Symbol.asyncDispose]()
}

/** The whole lines of a text that are JSON. */
function stepsIn(text: string): Readonly<Record<string, unknown>>[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}
