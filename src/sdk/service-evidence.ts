import * as z from 'zod'
import type { JsonObject } from '../domain/json.ts'
import { logEvidence } from './log-lines.ts'
import { machineMemory } from './machine-memory.ts'
import { showUnit } from './systemctl.ts'
import { lastJournalLines, unitFacts } from './unit-evidence.ts'

/** Where the configuration says that the state and the log of a service are to be seen. */
export const serviceTraces = { unit: z.string().min(1).nullable(), logFile: z.string().min(1).nullable() }
type Traces = z.output<z.ZodObject<typeof serviceTraces>>

/** The state of its unit, the last lines of its log, or of its journal, and who holds the most memory of the machine. Rejects only when it was cancelled. */
export async function serviceEvidence({ unit, logFile }: Traces, signal: AbortSignal): Promise<JsonObject> {
  const seen = unit === null ? {} : await unitOrWhyNot(unit, signal)
  const journal = unit === null || logFile !== null ? {} : await lastJournalLines(unit, signal)
  return { ...seen, ...journal, ...(await logEvidence(logFile)), ...machineMemory() }
}

async function unitOrWhyNot(unit: string, signal: AbortSignal): Promise<JsonObject> {
  try {
    return { unit: unitFacts(await showUnit(unit, signal)) }
  } catch (error) {
    signal.throwIfAborted()
    return { unit: null, unitMissing: (error as Error).message }
  }
}
