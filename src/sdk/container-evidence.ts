import type { JsonObject } from '../domain/json.ts'
import type { ContainerEngine, ContainerInfo } from './container-engine.ts'
import { framesOf } from './container-logs.ts'
import { type LogLines, lastLines, logLimits } from './log-lines.ts'
import { largestUsers } from './machine-memory.ts'
import { printable } from './printable.ts'

const limits = { logBytesMax: 1024 * 1024, waitMsMax: 3_000, textCharsMax: 500, commandCharsMax: 40 } as const

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

/** What a person on call would look at besides: the last lines it wrote, and who in it holds the most memory. Never throws. */
export async function containerEvidence(engine: ContainerEngine, info: ContainerInfo, signal: AbortSignal) {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(limits.waitMsMax)])
  const [logs, memory] = await Promise.all([lastLogLines(engine, info, patience), memoryOf(engine, info, patience)])
  signal.throwIfAborted()
  return { ...logs, ...memory }
}

/** The last lines the container wrote, oldest first, cleaned and capped; or why they cannot be had. */
async function lastLogLines(engine: ContainerEngine, info: ContainerInfo, signal: AbortSignal): Promise<LogLines> {
  try {
    const raw = await engine.logs(info.Id, logLimits.lines, limits.logBytesMax, signal)
    const texts = info.Config.Tty ? [raw.toString()] : framesOf(raw)
    return { logs: lastLines(texts.flatMap((text) => text.split('\n'))) }
  } catch (error) {
    return { logs: [], logsMissing: (error as Error).message }
  }
}

/** How much of its memory limit is used, and by which of its processes; or why that cannot be had. */
async function memoryOf(engine: ContainerEngine, info: ContainerInfo, signal: AbortSignal): Promise<JsonObject> {
  const limitBytes = info.HostConfig.Memory || null
  if (info.State.Status !== 'running') {
    return { memory: { usedBytes: null, limitBytes, top: [] }, memoryMissing: `it is ${info.State.Status}` }
  }
  const missing: string[] = []
  const orElse = <T>(asked: Promise<T>, otherwise: T) =>
    asked.catch((error: Error) => {
      missing.push(error.message)
      return otherwise
    })
  const [use, users] = await Promise.all([
    orElse(engine.memoryUse(info.Id, signal), null),
    orElse(engine.memoryUsers(info.Id, signal), []),
  ])
  const top = largestUsers(users).map((user) => ({ ...user, command: printable(user.command, limits.commandCharsMax) }))
  return {
    memory: { usedBytes: use?.usedBytes ?? null, limitBytes, top },
    ...(missing.length > 0 && { memoryMissing: missing.join('; ') }),
  }
}
