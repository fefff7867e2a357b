import type { JsonObject } from '../domain/json.ts'
import type { ContainerEngine, ContainerInfo } from './container-engine.ts'
import { printable } from './printable.ts'

const limits = {
  logLines: 20,
  logLineCharsMax: 400,
  logCharsMax: 6_000,
  logBytesMax: 1024 * 1024,
  logWaitMsMax: 3_000,
  textCharsMax: 500,
} as const

/** The state of a container in the words a person on call would ask for. No environment, no command: they hold secrets. */
export function containerFacts(info: ContainerInfo): JsonObject {
  const { State: state } = info
  const lastCheck = state.Health?.Log?.at(-1)
  return {
    id: info.Id,
    name: info.Name.slice(1),
    image: info.Config.Image,
    imageId: info.Image,
    state: state.Status,
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    error: printable(state.Error ?? '', limits.textCharsMax),
    restartCount: info.RestartCount,
    startedAt: state.StartedAt,
    finishedAt: state.FinishedAt,
    health: healthOf(info),
    healthCheck: lastCheck
      ? { exitCode: lastCheck.ExitCode, output: printable(lastCheck.Output ?? '', limits.textCharsMax) }
      : null,
  }
}

/** What the health check says, or `none` where there is none. */
export function healthOf(info: ContainerInfo): string {
  return info.State.Health?.Status || 'none'
}

/** The last lines the container wrote, oldest first, cleaned and capped; or why they cannot be had. Never throws. */
export async function lastLogLines(engine: ContainerEngine, info: ContainerInfo, signal: AbortSignal) {
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(limits.logWaitMsMax)])
    const raw = await engine.logs(info.Id, limits.logLines, limits.logBytesMax, patience)
    return { logs: capped(linesOf(raw, info.Config.Tty)) }
  } catch (error) {
    signal.throwIfAborted()
    return { logs: [], logsMissing: error instanceof Error ? error.message : String(error) }
  }
}

function linesOf(raw: Buffer, tty: boolean): string[] {
  const texts = tty ? [raw.toString()] : framesOf(raw)
  return texts
    .flatMap((text) => text.split('\n'))
    .map((line) => printable(line, limits.logLineCharsMax))
    .filter((line) => line !== '')
}

// Without a terminal the engine sends both streams in frames: stream, three zeros, length (4 bytes, big-endian), text.
function framesOf(raw: Buffer): string[] {
  const texts: string[] = []
  let at = 0
  while (at + 8 <= raw.length) {
    const end = at + 8 + raw.readUInt32BE(at + 4)
    texts.push(raw.toString('utf8', at + 8, end))
    at = end
  }
  return texts
}

function capped(lines: readonly string[]): string[] {
  const kept: string[] = []
  let chars = 0
  for (const line of lines.slice(-limits.logLines).reverse()) {
    chars += line.length
    if (chars > limits.logCharsMax) break
    kept.unshift(line)
  }
  return kept
}
