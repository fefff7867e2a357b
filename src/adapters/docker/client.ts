import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import Docker from 'dockerode'
import type { DockerHost } from '../../domain/config.ts'
import { type DockerConnection, dockerConnection, dockerodeOptions } from '../../domain/docker-connection.ts'

/** The connection of a configured host with its certificates read. Throws when a certificate file cannot be read. */
export function readDockerConnection(host: DockerHost): DockerConnection {
  return dockerConnection(host, (file) => readFileSync(file, 'utf8'))
}

/** A client for exactly this host's engine, whatever DOCKER_HOST says. */
export function createDockerClient(host: DockerHost): Docker {
  const connection = readDockerConnection(host)
  const secure = 'protocol' in connection && connection.protocol === 'https'
  // A kept connection that the engine has closed meanwhile would count as an engine that does not answer.
  const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false })
  return new Docker({ ...dockerodeOptions(connection), agent } as Docker.DockerOptions)
}
