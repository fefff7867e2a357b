/** Errors are recognised by `code`, never by `instanceof`: a plugin may bring a second copy of a module. */
export class HeparError extends Error {
  readonly code: ErrorCode
  /** What whoever asked may do now, where the code alone does not say it. */
  readonly next: string | undefined
  constructor(code: ErrorCode, message: string, options: ErrorOptions & { readonly next?: string } = {}) {
    super(message, options)
    this.name = 'HeparError'
    this.code = code
    this.next = options.next
  }
}

export type ErrorCode =
  /** The medium under the store fails: answer 503, try later. */
  | 'store_unavailable'
  /** Someone else changed the row first: read again and decide again. */
  | 'stale_write'
  /** Another attempt holds the target. */
  | 'target_held'
  /** What was asked cannot be done in this state. */
  | 'conflict'
  | 'not_found'
  | 'invalid'
  /** The configuration or a file in it has problems. */
  | 'config'

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Error && (error as Partial<HeparError>).code === code
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
