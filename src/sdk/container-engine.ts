import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import Docker from 'dockerode'
import { type DockerConnection, describeConnection, dockerodeOptions } from '../domain/docker-connection.ts'
import type { ContainerLimits } from './container-limits.ts'
import { readLogs } from './container-logs.ts'
import { type MemoryUse, memoryUseOf, readProcesses } from './container-memory.ts'
import type { MemoryUser } from './machine-memory.ts'
import { outcomeUnknown } from './outcome-unknown.ts'
import { printable } from './printable.ts'

export type ContainerInfo = Docker.ContainerInspectInfo

/** What actions on containers ask of one engine. Every call throws an error that says the next step, and no secret. */
export interface ContainerEngine {
  /** Full ids of the containers of exactly this name; a name is never read as the beginning of an id. */
  idsNamed(name: string, signal: AbortSignal): Promise<readonly string[]>
  /** By full id; `null` when there is no such container. */
  inspect(id: string, signal: AbortSignal): Promise<ContainerInfo | null>
  /** Throws `outcome_unknown` when the engine was asked and did not answer. */
  restart(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>
  /** Sets limits; what is 0 stays as it is. Throws `outcome_unknown` when the engine was asked and did not answer. */
  update(id: string, limits: ContainerLimits, signal: AbortSignal): Promise<void>
  /** The raw last log entries, at most `bytesMax` of them. */
  logs(id: string, entries: number, bytesMax: number, signal: AbortSignal): Promise<Buffer>
  /** How much memory the container uses; `null` where the engine does not say, as of one that does not run. */
  memoryUse(id: string, signal: AbortSignal): Promise<MemoryUse | null>
  /** The processes of a running container with the memory that each holds. */
  memoryUsers(id: string, signal: AbortSignal): Promise<readonly MemoryUser[]>
  /** By how much the engine's clock is ahead of this one's, and how far off that may be. */
  clock(signal: AbortSignal): Promise<{ readonly aheadMs: number; readonly errorMs: number }>
}

export function openContainerEngine(host: string, connection: DockerConnection): ContainerEngine {
  const docker = openDocker(connection)
  const asked = async <T>(question: Promise<T>): Promise<T> => {
    try {
      return await question
    } catch (cause) {
      throw explained(cause, host, connection)
    }
  }
  return {
    async idsNamed(name, abortSignal) {
      const all = await asked(docker.listContainers({ all: true, abortSignal }))
      return all.filter(({ Names }) => Names?.includes(`/${name}`)).map(({ Id }) => Id)
    },
    async inspect(id, abortSignal) {
      try {
        const info = await docker.getContainer(id).inspect({ abortSignal })
        // The engine also takes an id for a name, so a container named like a removed one's id would be found.
        return info.Id === id ? info : null
      } catch (cause) {
        if (statusOf(cause) === 404) return null
        throw explained(cause, host, connection)
      }
    },
    async restart(id, graceSeconds, abortSignal) {
      if (abortSignal.aborted) throw new Error('nothing was done: the step was cancelled before its restart')
      try {
        await docker.getContainer(id).restart({ t: graceSeconds, abortSignal })
      } catch (cause) {
        const problem = explained(cause, host, connection)
        throw nothingBegan(cause) ? problem : outcomeUnknown(`the restart was asked for, but ${problem.message}`, cause)
      }
    },
    async update(id, { memoryBytes, memoryAndSwapBytes, nanoCpus }, abortSignal) {
      if (abortSignal.aborted) throw new Error('nothing was done: the step was cancelled before its update')
      const limits = { Memory: memoryBytes, MemorySwap: memoryAndSwapBytes, NanoCpus: nanoCpus }
      try {
        await docker.getContainer(id).update({ ...limits, abortSignal })
      } catch (cause) {
        const problem = explained(cause, host, connection)
        throw nothingBegan(cause) ? problem : outcomeUnknown(`the update was asked for, but ${problem.message}`, cause)
      }
    },
    logs: (id, entries, bytesMax, signal) => asked(readLogs(docker, id, entries, bytesMax, signal)),
    async memoryUse(id, abortSignal) {
      // `one-shot`: a second sample would take the engine a second, and it is for the CPU alone.
      const options = { stream: false, 'one-shot': true, abortSignal } as unknown as { stream: false }
      return memoryUseOf((await asked(docker.getContainer(id).stats(options))).memory_stats)
    },
    async memoryUsers(id, abortSignal) {
      const options = { ps_args: '-eo pid,rss,comm', abortSignal }
      return readProcesses(await asked(docker.getContainer(id).top(options)))
    },
    async clock(abortSignal) {
      const askedAt = Date.now()
      const { SystemTime } = await asked((docker as unknown as AbortableInfo).info({ abortSignal }))
      const errorMs = (Date.now() - askedAt) / 2
      return { aheadMs: Date.parse(SystemTime) - askedAt - errorMs, errorMs }
    },
  }
}

/** A dockerode client for exactly this connection, whatever DOCKER_HOST says. */
export function openDocker(connection: DockerConnection): Docker {
  const secure = 'protocol' in connection && connection.protocol === 'https'
  // A kept connection that the engine has closed meanwhile would fail a request that may or may not have arrived.
  const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false })
  return new Docker({ ...dockerodeOptions(connection), agent } as Docker.DockerOptions)
}

/** dockerode takes the signal; its type declarations do not say so. */
interface AbortableInfo {
  info(options: { abortSignal: AbortSignal }): Promise<{ SystemTime: string }>
}

/** What to do about an engine that cannot be reached, by the code of the error. */
export const engineAdvice: Readonly<Record<string, string>> = {
  ENOENT: 'start the engine',
  ECONNREFUSED: 'start the engine',
  EACCES: 'let the user that runs Hepar use it (often by the group docker)',
  EPERM: 'let the user that runs Hepar use it',
  ENOTFOUND: 'check its name',
  EAI_AGAIN: 'check the name service',
  EHOSTUNREACH: 'check the network',
  ENETUNREACH: 'check the network',
}

/** An error of dockerode in words that name the host and the next step. */
export function explained(cause: unknown, host: string, connection: DockerConnection): Error {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? ''
  const where = `the Docker engine of host "${host}" (${describeConnection(connection)})`
  const advice = engineAdvice[code]
  if (advice !== undefined) {
    return new Error(`${where} does not answer: ${code}; ${advice}, or correct docker.hosts.${host}`, { cause })
  }
  if (code === 'ABORT_ERR') return new Error(`${where} did not answer in time; look whether it hangs`, { cause })
  const text = printable(cause instanceof Error ? cause.message : String(cause), 500)
  return new Error(`${where} could not do it: ${text}`, { cause })
}

function statusOf(cause: unknown): number | undefined {
  return (cause as { statusCode?: number } | null)?.statusCode
}

// Only an engine that answered, or was never reached, has certainly not left a restart or an update under way.
function nothingBegan(cause: unknown): boolean {
  const status = statusOf(cause)
  if (status !== undefined) return status <= 500
  return ((cause as NodeJS.ErrnoException | null)?.code ?? '') in engineAdvice
}
