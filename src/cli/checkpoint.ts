import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { AuditHead } from '../domain/audit.ts'
import { CliError } from './failure.ts'

const head = z.object({ seq: z.int().min(0), mac: z.string().regex(/^[0-9a-f]{64}$/) })
const written = z.union([head, z.object({ checkpoint: head }).transform(({ checkpoint }) => checkpoint)])

/** A checkpoint as `audit head --json` prints it, or the last line of an export. Throws CliError. */
export function readCheckpoint(file: string): AuditHead {
  const next = 'Give the output of `hepar audit head --json`, or of `hepar audit export`.'
  try {
    const text = readFileSync(file, 'utf8').trim()
    const last = text.slice(text.lastIndexOf('\n') + 1)
    const json: unknown = JSON.parse(last.startsWith('{') ? last : text)
    return { ...written.parse(json), at: 0 }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CliError(`there is no file ${file}`, next, { cause })
    throw new CliError(`${file} is not a checkpoint`, next, { cause })
  }
}
