import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DemoFailure } from '../failure.ts'
import { searchPath, startProgram } from '../program.ts'
import { type Scene, until } from '../scene.ts'
import { answers, atSocket, type EngineChoice } from './engine-places.ts'

/** Starts a Docker engine of the demo's own below its folder (as root); everything of it goes with the scene. */
export async function startOwnEngine(dockerd: string, scene: Scene): Promise<EngineChoice> {
  const folder = join(scene.folder, 'docker')
  mkdirSync(folder)
  const engine = atSocket(join(folder, 'docker.sock'))
  const paths = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '-p', join(folder, 'pid')]
  // Without bridge and packet filter it changes nothing of the machine's network, and runs in any sandbox that has root.
  const network = ['--bridge=none', '--iptables=false', '--ip-forward=false']
  scene.closing.defer(() => sweep(folder))
  const program = startProgram({
    name: 'dockerd',
    command: dockerd,
    args: [...paths, ...network, '-H', `unix://${engine.words}`],
    folder,
    farewell: 'TERM',
  })
  scene.closing.defer(() => program.kill())
  await until(scene, 'the Docker engine answers', async () => {
    if (!program.running()) throw new DemoFailure(`dockerd could not start:\n${program.lastWords()}`)
    return answers(engine, scene.signal)
  })
  return engine
}

// containerd and its shims outlive dockerd; all of them name the folder, which is this demo's alone.
async function sweep(folder: string): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const pids = processesNaming(folder)
    if (pids.length === 0) break
    for (const pid of pids) end(pid)
    await pause(100)
  }
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  for (const path of mounts.map((line) => line.split(' ')[1] ?? '').reverse()) {
    if (path.startsWith(`${folder}/`)) unmount(path)
  }
}

function unmount(path: string): void {
  const { status } = spawnSync('umount', ['-l', path], { stdio: 'ignore', env: { PATH: searchPath() } })
  if (status !== 0) throw new DemoFailure(`${path} could not be unmounted`, `Do it yourself: umount -l ${path}`)
}

function processesNaming(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLineOf(pid).includes(`${folder}/`))
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself meanwhile.
  }
}
