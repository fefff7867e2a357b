import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { dockerAnswers, dockerApi } from './docker-api.ts'
import { type DockerEngine, startDockerEngine } from './docker-engine.ts'
import { importImage } from './docker-image.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Unix socket of the broker that answers with the path of the shared engine's socket. */
    dockerBroker: string
  }
}

const machineSocket = '/var/run/docker.sock'

/**
 * One engine for a whole run, started by the first test file that asks: it must be this process's child, since workers
 * end with their file, and a run without Docker tests should not wait for it.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-broker-'))
  let own: Promise<DockerEngine> | null = null
  let socket: Promise<string> | null = null

  const choose = async () => {
    if (await dockerAnswers(machineSocket)) {
      await importImage(dockerApi(machineSocket))
      return machineSocket
    }
    own = startDockerEngine()
    return (await own).socket
  }
  const broker = createServer((_request, response) => {
    socket ??= choose()
    socket.then(
      (path) => response.end(path),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  const brokerSocket = join(folder, 'broker.sock')
  await new Promise<void>((resolve) => broker.listen(brokerSocket, resolve))
  provide('dockerBroker', brokerSocket)

  return async () => {
    broker.close()
    await socket?.catch(() => undefined)
    const engine = await Promise.resolve(own).catch(() => null)
    await engine?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
