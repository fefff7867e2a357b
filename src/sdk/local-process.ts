import { readdir, readFile, readlink } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { printable } from './printable.ts'

/** One living process of this machine. The number alone may be given to another; number and start together are not. */
export interface LocalProcess {
  readonly pid: number
  /** Clock ticks from boot to its start. */
  readonly startTicks: string
  readonly command: string
}

/** `null` when no such process lives; the dead that nobody has reaped count as gone. */
export async function findProcess(pid: number): Promise<LocalProcess | null> {
  const text = await readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
  // The command stands in parentheses and may itself contain parentheses and spaces.
  const end = text.lastIndexOf(')')
  const [state = '', ...fields] = text.slice(end + 2).split(' ')
  if (state === 'Z' || state === 'X') return null
  const command = printable(text.slice(text.indexOf('(') + 1, end), 64)
  return { pid, startTicks: fields[18] ?? '', command }
}

/** The number in a file such as `redis.pid`; `null` when there is no file. Throws when it holds something else. */
export async function readPidFile(file: string): Promise<number | null> {
  const text = await readOrNull(file)
  if (text === null) return null
  if (/^\s*[1-9]\d{0,9}\s*$/.test(text)) return Number(text)
  throw new Error(`${file} holds no process number`)
}

/** Whether this process listens on a TCP port of this machine; `null` when it may not be looked at. */
export async function listensOn({ pid }: LocalProcess, port: number): Promise<boolean | null> {
  const sockets = new Set((await listenersOn(port)).map(({ inode }) => `socket:[${inode}]`))
  try {
    for (const name of await readdir(`/proc/${pid}/fd`)) {
      const link = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')
      if (sockets.has(link)) return true
    }
    return false
  } catch (error) {
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : false
  }
}

/** How many connections to a TCP port of this machine are made and wait to be taken by whoever listens there. */
export async function connectionsWaiting(port: number): Promise<number> {
  return (await listenersOn(port)).reduce((sum, { waiting }) => sum + waiting, 0)
}

const listening = '0A'

interface Listener {
  readonly inode: string
  readonly waiting: number
}

async function listenersOn(port: number): Promise<readonly Listener[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => readOrNull(`/proc/net/${table}`)))
  return tables.flatMap((table) => listeners(table ?? '', port))
}

function listeners(table: string, port: number): Listener[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, queues = '', , , , , inode] = line.trim().split(/\s+/)
    if (state !== listening || !local.endsWith(`:${wanted}`) || !inode) return []
    return [{ inode, waiting: Number.parseInt(queues.split(':')[1] ?? '0', 16) }]
  })
}

const goneWithinMs = 5_000
const lookEveryMs = 50

/** SIGTERM, then SIGKILL after the grace. Throws when it outlives even that, or may not be touched. */
export async function endProcess(one: LocalProcess, graceMs: number, signal: AbortSignal): Promise<'ended' | 'killed'> {
  if (!(await isSame(one))) return 'ended'
  process.kill(one.pid, 'SIGTERM')
  if (await goneWithin(one, graceMs, signal)) return 'ended'
  if (await isSame(one)) process.kill(one.pid, 'SIGKILL')
  if (await goneWithin(one, goneWithinMs, signal)) return 'killed'
  throw new Error(`process ${one.pid} (${one.command}) ignores SIGKILL: it waits in the kernel for a device`)
}

async function goneWithin(one: LocalProcess, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + withinMs
  while (await isSame(one)) {
    if (performance.now() >= until) return false
    await pause(lookEveryMs, undefined, { signal })
  }
  return true
}

async function isSame({ pid, startTicks }: LocalProcess): Promise<boolean> {
  return (await findProcess(pid))?.startTicks === startTicks
}

/** Whether an address is one of this machine's own. A name other than localhost is not looked up. */
export function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)) return true
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  return own.includes(host)
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
