import { randomBytes } from 'node:crypto'
import type { openDocker } from '../../sdk/container-engine.ts'
import { type Scene, until } from '../scene.ts'

type Docker = ReturnType<typeof openDocker>

/** The patient: a container whose jobs take a lock in a tmpfs, which only a restart empties. */
export interface Worker {
  readonly name: string
  /** What Docker's health check says: starting, healthy, unhealthy. */
  health(): Promise<string>
  becomes(health: string): Promise<void>
  startedAt(): Promise<number>
  /** A job takes the lock, and dies. */
  dieWithLock(): Promise<void>
  isLocked(): Promise<boolean>
  /** How often the engine has restarted it since it was made, by the engine's own events. */
  restarts(): Promise<number>
}

const script = `trap 'exit 0' TERM
echo "worker started"
while :; do
  if [ -e /jobs/lock ]; then echo "waiting for $(cat /jobs/lock), which holds the lock"; else echo "a job is done"; fi
  sleep 1 & wait $!
done`

export async function startWorker(docker: Docker, image: string, scene: Scene): Promise<Worker> {
  const name = `hepar-demo-worker-${randomBytes(3).toString('hex')}`
  const madeAt = await engineSeconds(docker)
  const container = await docker.createContainer({
    name,
    Image: image,
    Cmd: ['/bin/sh', '-c', script],
    Labels: { 'hepar.enable': 'true' },
    Healthcheck: {
      Test: ['CMD', 'test', '!', '-e', '/jobs/lock'],
      Interval: 500_000_000,
      Timeout: 10_000_000_000,
      Retries: 2,
    },
    HostConfig: { NetworkMode: 'none', Tmpfs: { '/jobs': 'size=1m' } },
  })
  scene.closing.defer(() => container.remove({ force: true, v: true }))
  await container.start()
  const state = async () => (await container.inspect()).State
  const run = async (...command: string[]) => {
    const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true })
    const stream = await exec.start({})
    for await (const _ of stream.resume());
    return (await exec.inspect()).ExitCode
  }
  const worker: Worker = {
    name,
    health: async () => (await state()).Health?.Status ?? 'none',
    becomes: (health) =>
      until(scene, `${name} is ${health}`, async () => (await worker.health()) === health).then(() => {}),
    startedAt: async () => Date.parse((await state()).StartedAt),
    dieWithLock: async () => void (await run('sh', '-c', 'echo "job 17" > /jobs/lock')),
    isLocked: async () => (await run('test', '-e', '/jobs/lock')) === 0,
    async restarts() {
      const filters = { container: [container.id], event: ['restart'] }
      const span = { since: madeAt, until: await engineSeconds(docker), filters }
      const stream = (await docker.getEvents(span)) as NodeJS.ReadableStream
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      return text.split('\n').filter((line) => line.trim() !== '').length
    },
  }
  return worker
}

/** The engine's own clock, rounded up: its events are asked for by it. */
async function engineSeconds(docker: Docker): Promise<number> {
  const { SystemTime } = (await docker.info()) as { SystemTime: string }
  return Math.ceil(Date.parse(SystemTime) / 1_000)
}
