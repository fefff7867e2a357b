import { get } from 'node:http'
import { inject } from 'vitest'
import { type DockerApi, dockerApi } from './docker-api.ts'
import { type ContainerWish, runContainer, type TestContainer } from './docker-container.ts'
import { type DockerWitness, dockerWitness } from './docker-witness.ts'

export type { ContainerWish, TestContainer } from './docker-container.ts'

/** The Docker engine that all test files of a run share. Use unique names, and touch only what you made. */
export interface TestDocker {
  readonly socket: string
  readonly api: DockerApi
  runContainer(wish?: ContainerWish): Promise<TestContainer>
  witness(): Promise<DockerWitness>
  /** Removes the containers made through this object, and closes its witnesses; the engine stays. */
  close(): Promise<void>
}

/** Gives the shared engine: the machine's own if one answers, or else one that the first call starts. */
export async function startDocker(): Promise<TestDocker> {
  return onEngine(dockerApi(await sharedSocket()))
}

/** The same on an engine of the test's own. */
export function onEngine(api: DockerApi): TestDocker {
  const containers: TestContainer[] = []
  const witnesses: DockerWitness[] = []
  return {
    socket: api.socket,
    api,
    async runContainer(wish) {
      const container = await runContainer(api, wish)
      containers.push(container)
      return container
    },
    async witness() {
      const witness = await dockerWitness(api)
      witnesses.push(witness)
      return witness
    },
    async close() {
      for (const witness of witnesses) witness.close()
      await Promise.all(containers.map((container) => container.remove()))
    },
  }
}

function sharedSocket(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = get({ socketPath: inject('dockerBroker'), path: '/', agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      if (response.statusCode === 200) resolve(text)
      else reject(new Error(text))
    })
    asking.on('error', reject)
  })
}
