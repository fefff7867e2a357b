import { execFile } from 'node:child_process'
import { outcomeUnknown } from './outcome-unknown.ts'
import { printable } from './printable.ts'

/** One unit as systemd has it now. */
export interface UnitState {
  readonly load: string
  readonly active: string
  readonly sub: string
  /** Another for each run; empty while it does not run. */
  readonly invocation: string
  readonly result: string
}

const outputBytesMax = 64 * 1024

/** Asks systemd. Throws when it cannot be asked. */
export async function showUnit(unit: string, signal: AbortSignal): Promise<UnitState> {
  const properties = 'LoadState,ActiveState,SubState,InvocationID,Result'
  const { failure, output } = await systemctl(['show', `--property=${properties}`, '--', unit], signal)
  if (failure !== null) throw new Error(`systemd cannot be asked about ${unit}: ${failure}`)
  const value = (name: string) => printable(new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1] ?? '', 100)
  return {
    load: value('LoadState'),
    active: value('ActiveState'),
    sub: value('SubState'),
    invocation: value('InvocationID'),
    result: value('Result'),
  }
}

/** Resolves when systemd says that the restart is done. What is cut off goes on, so its outcome is unknown. */
export async function restartUnit(unit: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { failure, cut } = await systemctl(['restart', '--', unit], signal)
  if (failure === null) return
  const message = `systemd could not restart ${unit}: ${failure}; see: journalctl -u ${unit}`
  throw cut ? outcomeUnknown(message) : new Error(message)
}

interface Ending {
  readonly failure: string | null
  /** True when it did not end by itself. */
  readonly cut: boolean
  readonly output: string
}

function systemctl(args: readonly string[], signal: AbortSignal): Promise<Ending> {
  const options = { signal, maxBuffer: outputBytesMax, killSignal: 'SIGKILL' as const }
  return new Promise((resolve) => {
    execFile('systemctl', ['--no-ask-password', ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ failure: null, cut: false, output: stdout })
      const { code } = error
      const words = printable(stderr, 500) || printable(error.message, 500)
      // A number is the program's own answer; a program that is not there did nothing.
      resolve({ failure: words, cut: typeof code !== 'number' && code !== 'ENOENT', output: stdout })
    })
  })
}
