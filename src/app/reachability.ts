import type { Config, DockerHost, Peer } from '../domain/config.ts'

/** Asks one neighbour for a sign of life; the reason when there is none. Never throws. */
export interface Neighbours {
  http(peer: Peer, path: string): Promise<string | null>
  docker(host: DockerHost): Promise<string | null>
}

/** A neighbour that does not answer: its place in the configuration, and a sentence about it. */
export interface Unreachable {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Asks every neighbour at once. Hepar starts without them and waits for them. */
export async function findUnreachable(
  { sources, docker }: Config,
  neighbours: Neighbours,
): Promise<readonly Unreachable[]> {
  const asked = [
    ...sources.flatMap(({ name, alertmanagers, prometheus }, source) => {
      const http = (what: string, peer: Peer, path: Unreachable['path']) =>
        ask(`${what} of source ${name}`, ['sources', source, ...path], neighbours.http(peer, '/-/ready'))
      return [
        ...alertmanagers.map((peer, index) => http('Alertmanager', peer, ['alertmanagers', index])),
        ...(prometheus ? [http('Prometheus', prometheus, ['prometheus'])] : []),
      ]
    }),
    ...docker.hosts.map((host) =>
      ask(`Docker host ${host.name}`, ['docker', 'hosts', host.name], neighbours.docker(host)),
    ),
  ]
  return (await Promise.all(asked)).filter((one) => one !== null)
}

async function ask(
  what: string,
  path: Unreachable['path'],
  answer: Promise<string | null>,
): Promise<Unreachable | null> {
  const reason = await answer
  return reason === null ? null : { path, message: `${what} cannot be reached: ${reason}` }
}
