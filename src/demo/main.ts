import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DemoFailure } from './failure.ts'
import { liveDemo } from './live/live.ts'
import { quickDemo } from './quick.ts'
import { createTeller, type Tell } from './steps.ts'

const help = `Shows in about half a minute what Hepar does, with the real Hepar and a patient that is really ill.

  npm run demo                needs nothing but Node
  npm run demo -- --live      with a container, a real Prometheus and a real Alertmanager
  npm run demo -- --keep      keeps the temporary folder: configuration, playbooks, log and data of Hepar
  npm run demo -- --json      one JSON line a step

Everything runs in a temporary folder, listens on 127.0.0.1 only, and is stopped and removed at the end, also after ctrl-C.
The exit code is 0 only if every act ended as it must: 1 if not, 2 for a wrong option, 130 after ctrl-C.
`

const options = {
  live: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

process.exitCode = await main()

async function main(): Promise<number> {
  const wish = readWish()
  if ('wrong' in wish) {
    process.stderr.write(`hepar demo: ${wish.wrong}\n\n${help}`)
    return 2
  }
  if (wish.help) {
    process.stdout.write(help)
    return 0
  }
  const stop = listenForStop()
  return play(
    wish,
    stop,
    createTeller(wish.json, (text) => void process.stdout.write(text)),
  )
}

function readWish() {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return { wrong: (error as Error).message }
  }
}

/** Aborts at the first signal, or when nobody reads any more. Further signals change nothing: npm sends each of them on as well. */
function listenForStop(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(name))
  process.stdout.on('error', () => stop.abort('SIGPIPE'))
  return stop.signal
}

async function play(
  { live, keep }: { readonly live: boolean; readonly keep: boolean },
  stop: AbortSignal,
  tell: Tell,
): Promise<number> {
  // The sockets of a Docker engine lie some levels deeper, and the path of a socket holds 107 bytes.
  const folder = makeFolder(live && tmpdir().length > 40 ? '/tmp' : tmpdir())
  if (folder === null) return 1
  const closing = new AsyncDisposableStack()
  // Whatever still waits when the demo is over must not go on waiting.
  const over = new AbortController()
  const scene = { folder, tell, closing, signal: AbortSignal.any([stop, over.signal]) }
  tell({ step: 'start', mode: live ? 'live' : 'quick', folder, text: `Hepar's demo, in ${folder}` })
  let code = 0
  try {
    await (live ? liveDemo(scene) : quickDemo(scene))
  } catch (error) {
    code = stop.aborted ? 130 : 1
    if (!stop.aborted) tell(failed(error))
  }
  over.abort()
  let rest = keep ? `everything is stopped; kept: ${folder}` : 'everything is stopped and removed'
  try {
    await closing.disposeAsync()
    if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 })
  } catch (error) {
    code ||= 1
    rest = `not everything could be stopped and removed; look at ${folder}`
    tell(failed(error))
  }
  const text = stop.aborted ? `ended by ${stop.reason}; ${rest}` : rest
  tell({ step: 'end', ok: code === 0, code, text })
  return code
}

/** A new folder in that place; `null`, and words about it on standard error, where there can be none. */
function makeFolder(place: string): string | null {
  try {
    return realpathSync(mkdtempSync(join(place, 'hepar-demo-')))
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code
    process.stderr.write(
      `hepar demo: no folder can be made in ${place} (${why}): set TMPDIR to one that you may write\n`,
    )
    return null
  }
}

function failed(error: unknown) {
  const message = error instanceof DemoFailure ? error.message : String((error as Error | null)?.stack ?? error)
  const asked = error instanceof DemoFailure ? error.next : ''
  const next = asked || 'With "npm run demo -- --keep" the folder with all logs stays.'
  return { step: 'failed', message, next } as const
}
