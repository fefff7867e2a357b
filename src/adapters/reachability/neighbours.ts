import type { DockerHost, Peer } from '../../domain/config.ts'
import { messageOf } from '../../engine/errors.ts'
import { engineAdvice } from '../../sdk/container-engine.ts'
import { createDockerClient } from '../docker/client.ts'
import { send } from '../http-client/send.ts'

const timeoutMs = 2_000
const bytesMax = 64 * 1024

/** Why an HTTP neighbour gives no good answer within two seconds, or `null`. Never throws. */
export async function askHttp(peer: Peer, path: string): Promise<string | null> {
  const reply = await send(peer, { path, timeoutMs, bytesMax, beyond: 'cut' })
  if (!reply.ok) return reply.reason
  return reply.status < 400 ? null : `it answers HTTP ${reply.status}`
}

/** Why a Docker engine does not answer within two seconds, or `null`. Never throws. */
export async function askDocker(host: DockerHost): Promise<string | null> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    await Promise.race([createDockerClient(host).ping(), late.promise])
    return null
  } catch (error) {
    const advice = engineAdvice[(error as NodeJS.ErrnoException).code ?? ''] ?? 'look after the engine'
    return `${messageOf(error)}; ${advice}, or correct docker.hosts.${host.name}`
  } finally {
    clearTimeout(timer)
  }
}
