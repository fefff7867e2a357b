import type { Config, DockerHost, Peer } from '../domain/config.ts'

/** Asks one neighbour for a sign of life; the reason when there is none. Never throws. */
export interface Neighbours {
  http(peer: Peer, path: string): Promise<string | null>
  docker(host: DockerHost): Promise<string | null>
}

/** One sentence for each neighbour that does not answer. Hepar starts anyway and waits for them. */
export async function findUnreachable({ sources, docker }: Config, neighbours: Neighbours): Promise<readonly string[]> {
  const asked = [
    ...sources.flatMap(({ name, alertmanagers, prometheus }) => [
      ...alertmanagers.map((peer) => ask(`Alertmanager of source ${name}`, neighbours.http(peer, '/-/ready'))),
      ...(prometheus ? [ask(`Prometheus of source ${name}`, neighbours.http(prometheus, '/-/ready'))] : []),
    ]),
    ...docker.hosts.map((host) => ask(`Docker host ${host.name}`, neighbours.docker(host))),
  ]
  return (await Promise.all(asked)).filter((sentence) => sentence !== null)
}

async function ask(what: string, answer: Promise<string | null>): Promise<string | null> {
  const reason = await answer
  return reason === null ? null : `${what} cannot be reached: ${reason}`
}
