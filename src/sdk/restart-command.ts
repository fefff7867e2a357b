import { createHash } from 'node:crypto'
import { access, constants } from 'node:fs/promises'
import * as z from 'zod'
import { notNow, type Refusal, refuse } from './index.ts'
import { endProcess, findProcess, isThisMachine, type LocalProcess, listensOn, readPidFile } from './local-process.ts'
import { machineMemory, processState } from './machine-memory.ts'
import { outcomeUnknown } from './outcome-unknown.ts'
import { startOutliving } from './outliving.ts'
import { addressOf, type RedisSettings, type RestartBy } from './redis-settings.ts'
import { type Down, type RestartWay, whyMismatch } from './restart-way.ts'

const pinShape = z.object({
  command: z.string(),
  process: z.object({ pid: z.number(), startTicks: z.string(), command: z.string() }).nullable(),
})

/** A server on this machine: its old process, if it still lives, is ended, and the command starts a new one. */
export function byCommand(settings: RedisSettings, { argv, folder, pidFile }: RestartBy<'command'>): RestartWay {
  const [program = ''] = argv
  // Arguments may hold secrets, and a plan is kept and shown.
  const command = createHash('sha256')
    .update(JSON.stringify([argv, folder]))
    .digest('hex')
  return {
    async find(down) {
      const impossible = await whyImpossible(settings, program)
      if (impossible !== null) return impossible
      const old = await findOld(down, settings, pidFile)
      if (old !== null && 'refused' in old) return old
      const ending = old === null ? 'starting' : `ending process ${old.pid} (${old.command}) and starting`
      const found = old === null ? null : { ...old }
      const seen = found && { ...found, ...processState(found.pid) }
      const evidence = { process: seen, ...machineMemory() }
      // Who started a process that nobody manages, a person or what watches over it, is not known.
      const pin = { command, process: found }
      return { pin, words: `${ending} ${program}`, touches: [], evidence, changed: null }
    },

    async restart(pin, graceMs, { signal }) {
      const { process: old } = pinShape.parse(pin)
      signal.throwIfAborted()
      try {
        const ending = old === null ? null : await endProcess(old, graceMs, signal)
        return { ended: old === null ? null : old.pid, ending, started: await startOutliving(argv, folder) }
      } catch (cause) {
        throw outcomeUnknown(`the restart was begun, but ${(cause as Error).message}`, cause)
      }
    },

    async whyNotRestarted(pin, processId) {
      const { process: old } = pinShape.parse(pin)
      if (old === null || (await findProcess(old.pid))?.startTicks !== old.startTicks) return null
      return old.pid === processId ? `it is still process ${old.pid}` : `its old process ${old.pid} still lives`
    },
  }
}

async function whyImpossible(settings: RedisSettings, program: string): Promise<Refusal | null> {
  if (!isThisMachine(settings.host)) {
    return refuse(`restart.command starts a server on this machine, and ${addressOf(settings)} is not of it`)
  }
  const missing = await access(program, constants.X_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown error',
  )
  return missing === null ? null : notNow(`${program} cannot be started: ${missing}`)
}

/** The process to end first; `null` where none is left. */
async function findOld(
  down: Down,
  settings: RedisSettings,
  pidFile: string | null,
): Promise<LocalProcess | Refusal | null> {
  if (pidFile === null) {
    if (down === 'refused') return null
    return refuse(`its process hangs and would have to be ended first: state redis.${settings.name}.restart.pidFile`)
  }
  const pid = await readPidFile(pidFile)
  const old = pid === null ? null : await findProcess(pid)
  if (old === null) {
    return down === 'refused' ? null : notNow(`something hangs on its port, but ${pidFile} names no living process`)
  }
  const who = `process ${old.pid} (${old.command}), which ${pidFile} names,`
  const listens = await listensOn(old, settings.port)
  if (listens === null) return refuse(`${who} belongs to somebody else: run Hepar as its user, or use a systemd unit`)
  if (listens && down === 'silent') return old
  if (listens) return notNow(`${who} is not ended: ${whyMismatch(down, true)}`)
  const doubt = `${who} lives, but does not listen on port ${settings.port}`
  return notNow(`${doubt}: it starts or ends just now, or the file is left over. Remove it if so`)
}
