/** The program of a runner: it answers Hepar's questions on descriptor 4, with one plugin in its whole life, or with Hepar's own when it only describes and checks them. */
import { Socket } from 'node:net'
import type { ActionDefinition } from '../../sdk/index.ts'
import { load, prepare } from './loading.ts'
import type { RunnerAnswer, RunnerLine, RunnerRequest } from './messages.ts'
import { perform } from './performing.ts'
import { runnerLimits } from './runner-limits.ts'

// Plugins share this realm and may replace anything in it, so what carries the answers is taken before they come.
const { parse, stringify } = JSON
const { byteLength } = Buffer
const kill = process.kill.bind(process)
const channel = new Socket({ fd: 4, readable: true, writable: true })
const write = channel.write.bind(channel)

let running: AbortController | null = null
let rest = ''

channel.setEncoding('utf8')
channel.on('data', (text: string) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop() ?? ''
  for (const line of lines) receive(parse(line) as RunnerLine)
})
// Without Hepar nobody would ever learn what happens here. The watcher ends more than this group, so it goes first.
const end = () => setTimeout(() => kill(0, 'SIGKILL'), runnerLimits.watcherAheadMs)
channel.on('close', end)
channel.on('error', end)

await prepare(process.argv[2])
say('', 'ready', '')

function receive(line: RunnerLine): void {
  if ('abort' in line) running?.abort(new Error('Hepar asked the action to stop'))
  else void handle(line.id, line.request)
}

async function handle(id: string, request: RunnerRequest): Promise<void> {
  const controller = new AbortController()
  running = controller
  const loading = await load(request)
  if (loading.ok) await act(id, request, loading.definition, controller.signal)
  else say(id, loading.changed ? 'not_started' : 'threw', `,"reason":${quote(loading.reason)}`)
}

async function act(id: string, request: RunnerRequest, definition: ActionDefinition, signal: AbortSignal) {
  try {
    const performance = await perform(definition, request, signal)
    if (performance.kind === 'value') sayValue(id, performance.value)
    else if (performance.kind === 'not_started') say(id, 'not_started', `,"reason":${quote(performance.reason)}`)
    else say(id, 'invalid_params', `,"issues":${stringify(performance.issues)}`)
  } catch (error) {
    say(id, kindOf(error, request), `,"reason":${quote(describeError(error))}`)
  }
}

function kindOf(error: unknown, { verb }: RunnerRequest): 'doubtful' | 'not_started' | 'threw' {
  if (isDoubtful(error)) return 'doubtful'
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined
  return verb === 'run' && code === 'not_started' ? 'not_started' : 'threw'
}

/** The plugin says so itself, or an allocation failed, which may have stopped the effect anywhere. */
function isDoubtful(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ((error as { readonly code?: unknown }).code === 'outcome_unknown') return true
  return error instanceof RangeError && /allocation failed/i.test(error.message)
}

function sayValue(id: string, value: unknown): void {
  const { text, problem } = toJson(value)
  if (text === undefined) say(id, 'unusable', `,"reason":${quote(`it returned no JSON: ${problem}`)}`)
  else if (byteLength(text) > runnerLimits.answerBytesMax) {
    const reason = `it returned ${byteLength(text)} bytes of JSON, more than ${runnerLimits.answerBytesMax}`
    say(id, 'unusable', `,"reason":${quote(reason)}`)
  } else say(id, 'value', `,"value":${text}`)
}

function toJson(value: unknown): { readonly text: string | undefined; readonly problem: string } {
  try {
    return { text: stringify(value), problem: typeof value }
  } catch (error) {
    return { text: undefined, problem: describeError(error) }
  }
}

function say(id: string, kind: RunnerAnswer['kind'], more: string): void {
  write(`{"id":"${id}","kind":"${kind}"${more}}\n`)
}

function quote(text: string): string {
  return stringify(text.slice(0, runnerLimits.reasonCharsMax))
}

function describeError(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error)
    return String(text).replace(/\p{Cc}+/gu, ' ')
  } catch {
    return 'something that cannot be printed was thrown'
  }
}
