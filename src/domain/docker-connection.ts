import type { DockerHost } from './config.ts'

/** How to reach one Docker engine, in the words of dockerode's options. Certificates are PEM text. */
export type DockerConnection =
  | { readonly socketPath: string }
  | {
      readonly protocol: 'http' | 'https'
      readonly host: string
      readonly port: number
      readonly ca?: string
      readonly cert?: string
      readonly key?: string
    }

/** The connection of a configured host. `read` gives the text of a certificate file. Throws when it has neither socket nor URL. */
export function dockerConnection(host: DockerHost, read: (file: string) => string): DockerConnection {
  if (host.socket !== null) return { socketPath: host.socket }
  if (host.url === null) throw new Error(`docker.hosts.${host.name} has neither a socket nor a url: give it one`)
  const url = new URL(host.url)
  const protocol = host.tls !== null || url.protocol === 'https:' ? 'https' : 'http'
  const port = url.port === '' ? (protocol === 'https' ? 2376 : 2375) : Number(url.port)
  const { tls } = host
  const pem = tls === null ? {} : { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) }
  return { protocol, host: url.hostname, port, ...pem }
}

/** Where the connection leads, for messages: never more than the address. */
export function describeConnection(connection: DockerConnection): string {
  if ('socketPath' in connection) return connection.socketPath
  return `${connection.protocol}://${connection.host}:${connection.port}`
}

/** Options for dockerode that mean this connection and nothing else. */
export function dockerodeOptions(connection: DockerConnection): Readonly<Record<string, unknown>> {
  return { ...unset, ...connection }
}

// docker-modem fills whatever is not named from DOCKER_HOST and its kin, and would then talk to another engine.
const unset = {
  protocol: 'http',
  socketPath: undefined,
  host: undefined,
  port: undefined,
  username: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  timeout: undefined,
}
