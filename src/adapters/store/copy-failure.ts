import { HeparError } from '../../engine/errors.ts'
import { mediumCodeOf } from './sqlite.ts'

/** What to say where a copy cannot be made or used: of the files that the operator named, not of the draft beside them. */
export interface CopyWords {
  readonly full: string
  readonly damaged: string
  /** The next step after a chain that does not verify. */
  readonly unproven: string
}

const [corrupt, full, notADatabase] = [11, 13, 26] as const

/** The error in these words, where they fit. */
export function inCopyWords(error: unknown, words: CopyWords): unknown {
  const code = mediumCodeOf(error)
  if (code === full || (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC') return failed(words.full, error)
  return code === corrupt || code === notADatabase ? failed(words.damaged, error) : error
}

/** A copy cannot be made or used. */
export function failed(message: string, cause?: unknown): HeparError {
  return new HeparError('store_unavailable', message, { cause })
}
