import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { printable } from './printable.ts'

/** How much of a log is shown as evidence. */
export const logLimits = { lines: 20, lineCharsMax: 400, charsMax: 6_000 } as const

const tailBytes = 64 * 1024

export type LogLines = { readonly logs: string[]; readonly logsMissing?: string }

/** The last of these lines, oldest first, without their power over a terminal. */
export function lastLines(texts: readonly string[]): string[] {
  const lines = texts.map((text) => printable(text, logLimits.lineCharsMax)).filter((line) => line !== '')
  const kept: string[] = []
  let chars = 0
  for (const line of lines.slice(-logLimits.lines).reverse()) {
    chars += line.length
    if (chars > logLimits.charsMax) break
    kept.unshift(line)
  }
  return kept
}

async function lastLinesOf(path: string): Promise<LogLines> {
  try {
    // Opening a pipe would wait for whoever writes it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return { logs: [], logsMissing: `${path} is no file` }
      const at = Math.max(0, stat.size - tailBytes)
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(stat.size, tailBytes)), { position: at })
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
      return { logs: lastLines(at === 0 ? lines : lines.slice(1)) }
    } finally {
      await file.close()
    }
  } catch (error) {
    return { logs: [], logsMissing: `${path}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}` }
  }
}

/** The last lines of the log file that the configuration names, if any; or why they cannot be had. Never throws. */
export async function logEvidence(path: string | null): Promise<LogLines | Record<string, never>> {
  return path === null ? {} : lastLinesOf(path)
}
