import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type DockerApi, dockerAnswers, dockerApi } from './docker-api.ts'
import { importImage } from './docker-image.ts'

/** A Docker engine of the tests' own, which may be frozen, killed and started again. */
export interface DockerEngine {
  readonly socket: string
  readonly api: DockerApi
  /** Starts the engine again after `kill`; resolves once it answers. */
  start(): Promise<void>
  /** Stops the engine's process in its tracks; its containers run on. */
  freeze(): void
  thaw(): void
  /** Ends dockerd and its containerd with SIGKILL, as a crash would; the containers run on until `start`. */
  kill(): Promise<void>
  /** Removes every container and network, ends every process and unmounts and deletes everything. */
  close(): Promise<void>
}

/** Starts dockerd (as root) with its own data, socket and containerd, and imports the test image. */
export async function startDockerEngine(): Promise<DockerEngine> {
  // The socket of containerd lies four levels deeper, and a unix socket's path holds 107 bytes.
  const folder = mkdtempSync(join(tmpdir().length < 40 ? tmpdir() : '/tmp', 'hepar-docker-'))
  const socket = join(folder, 'docker.sock')
  const api = dockerApi(socket)
  let daemon: ChildProcess | null = null

  const start = async () => {
    daemon = launch(folder, socket)
    await answering(daemon, socket, folder)
  }
  const kill = async () => {
    const child = daemon
    daemon = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  const close = async () => {
    daemon?.kill('SIGCONT')
    await removeEverything(api).catch(() => undefined)
    // What a slow farewell would clear away is swept away all the same, and in a time that can be told.
    await kill()
    await sweep(folder)
  }
  try {
    await start()
    await importImage(api)
  } catch (error) {
    await close()
    throw error
  }
  return {
    socket,
    api,
    start,
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    async kill() {
      await kill()
      await dropContainerd(folder)
    },
    close,
  }
}

function launch(folder: string, socket: string): ChildProcess {
  const log = openSync(join(folder, 'dockerd.log'), 'a')
  const options = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')]
  options.push('-H', `unix://${socket}`, '-p', join(folder, 'dockerd.pid'))
  // Without the default bridge and packet filter several engines live side by side, in any sandbox that has root.
  options.push('--bridge=none', '--iptables=false', '--ip-forward=false')
  // A test run that is killed must not leave an engine behind.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'dockerd', ...options], { stdio: ['ignore', log, log] })
  child.on('error', () => undefined)
  closeSync(log)
  return child
}

async function answering(child: ChildProcess, socket: string, folder: string): Promise<void> {
  const giveUpAt = Date.now() + 60_000
  while (!(await dockerAnswers(socket))) {
    const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null
    if (ended || Date.now() > giveUpAt) {
      const log = readFileSync(join(folder, 'dockerd.log'), 'utf8').slice(-2_000)
      throw new Error(`dockerd ${ended ? 'ended' : 'does not answer'}; it needs root and the package docker.io\n${log}`)
    }
    await pause(50)
  }
}

async function removeEverything(api: DockerApi): Promise<void> {
  const { json } = await api.call('GET', '/containers/json?all=1', undefined, { timeoutMs: 5_000 })
  for (const { Id } of json as { Id: string }[]) {
    await api.call('DELETE', `/containers/${Id}?force=1&v=1`, undefined, { accept: [404, 409], timeoutMs: 20_000 })
  }
  // A network's bridge is the machine's, and would outlive the engine.
  await api.call('POST', '/networks/prune')
}

// containerd and its shims outlive a killed dockerd; all of them name the folder, which is this engine's alone.
async function sweep(folder: string): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const pids = processesNaming(folder)
    if (pids.length === 0) break
    for (const pid of pids) endProcess(pid)
    await pause(100)
  }
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  for (const path of mounts.map((line) => line.split(' ')[1] ?? '').reverse()) {
    if (path.startsWith(`${folder}/`)) execFileSync('umount', ['-l', path])
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

// containerd dies with dockerd; where its corpse is not reaped at once, a new dockerd would take it for alive and wait.
async function dropContainerd(folder: string): Promise<void> {
  const isContainerd = (pid: number) => !commandOf(pid).includes('-shim')
  for (let round = 0; round < 50; round += 1) {
    const pids = processesNaming(folder).filter(isContainerd)
    if (pids.length === 0) break
    for (const pid of pids) endProcess(pid)
    await pause(20)
  }
  rmSync(join(folder, 'exec/containerd/containerd.pid'), { force: true })
}

function processesNaming(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandOf(pid).includes(`${folder}/`))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself between the look and the signal.
  }
}
