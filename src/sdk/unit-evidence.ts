import type { JsonObject } from '../domain/json.ts'
import { type LogLines, lastLines, logLimits } from './log-lines.ts'
import { machineMemory } from './machine-memory.ts'
import { printable } from './printable.ts'
import { runProgram } from './run-program.ts'
import type { UnitState } from './systemctl.ts'

const journalMsMax = 3_000

/** The state of a unit in the words a person on call would ask for. */
export function unitFacts(state: UnitState): JsonObject {
  const { id, load, active, sub, result, invocation, restarts, mainPid, memoryBytes, tasks, exitCode } = state
  return { unit: id, load, active, sub, result, exitCode, invocation, restarts, mainPid, tasks, memoryBytes }
}

/** That, the last lines of its journal, and who holds the most memory of the machine. Rejects only when it was cancelled. */
export async function unitEvidence(state: UnitState, signal: AbortSignal): Promise<JsonObject> {
  const journal = await lastJournalLines(state.id, signal)
  return { ...unitFacts(state), ...journal, ...machineMemory() }
}

/** The last lines of its journal, oldest first; or why they cannot be had. Rejects only when it was cancelled. */
export async function lastJournalLines(unit: string, signal: AbortSignal): Promise<LogLines> {
  const shape = ['--no-pager', '--quiet', '--output=short-iso', `--lines=${logLimits.lines}`]
  const args = [...shape, `--unit=${unit}`]
  try {
    const { code, tail } = await runProgram({ file: 'journalctl', args, signal, timeoutMs: journalMsMax })
    if (code === 0) return { logs: lastLines(tail.split('\n')) }
    return { logs: [], logsMissing: printable(tail, 300) || `journalctl ended with code ${code}` }
  } catch (error) {
    signal.throwIfAborted()
    return { logs: [], logsMissing: `there is no journalctl (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` }
  }
}
