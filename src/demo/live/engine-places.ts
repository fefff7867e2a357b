import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { DockerConnection } from '../../domain/docker-connection.ts'
import { openDocker } from '../../sdk/container-engine.ts'
import { DemoFailure } from '../failure.ts'

/** A Docker engine, and how Hepar's configuration names it. */
export interface EngineChoice {
  readonly words: string
  readonly connection: DockerConnection
  /** For `docker.hosts.local`. */
  readonly config: Readonly<Record<string, unknown>>
}

const answerMsMax = 3_000

/** Where engines may be: at DOCKER_HOST if it is set, and nowhere else then; otherwise at the usual sockets. */
export function enginePlaces(env: NodeJS.ProcessEnv): readonly EngineChoice[] {
  const { DOCKER_HOST: host = '', XDG_RUNTIME_DIR: runtime } = env
  if (host === '') {
    const rootless = runtime === undefined ? [] : [atSocket(join(runtime, 'docker.sock'))]
    return [atSocket('/var/run/docker.sock'), ...rootless]
  }
  if (host.startsWith('unix://')) return [atSocket(host.slice('unix://'.length))]
  const url = URL.parse(host.replace(/^tcp:/, 'http:'))
  if (url !== null && /^https?:$/.test(url.protocol)) return [atUrl(url, env)]
  throw new DemoFailure(`Hepar cannot reach DOCKER_HOST=${host}`, 'Use unix:// or tcp://, or unset it.')
}

export function atSocket(socket: string): EngineChoice {
  return { words: socket, connection: { socketPath: socket }, config: { socket } }
}

function atUrl({ hostname, port, protocol }: URL, env: NodeJS.ProcessEnv): EngineChoice {
  const secure = protocol === 'https:' || Boolean(env.DOCKER_TLS_VERIFY)
  const address = { host: hostname, port: Number(port) || (secure ? 2376 : 2375) }
  const url = `${secure ? 'https' : 'http'}://${address.host}:${address.port}`
  if (!secure) return { words: url, connection: { protocol: 'http', ...address }, config: { url } }
  const file = (name: string) => join(env.DOCKER_CERT_PATH ?? join(homedir(), '.docker'), name)
  const tls = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') }
  const pem = Object.fromEntries(Object.entries(tls).map(([name, path]) => [name, readFileSync(path, 'utf8')]))
  return { words: url, connection: { protocol: 'https', ...address, ...pem }, config: { url, tls } }
}

export function answers({ connection }: EngineChoice, signal: AbortSignal): Promise<boolean> {
  const pinged = openDocker(connection)
    .ping()
    .then(
      () => true,
      () => false,
    )
  return Promise.race([pinged, pause(answerMsMax, false, { signal, ref: false })])
}

export async function firstAnswering(
  places: readonly EngineChoice[],
  signal: AbortSignal,
): Promise<EngineChoice | null> {
  for (const place of places) if (await answers(place, signal)) return place
  return null
}
