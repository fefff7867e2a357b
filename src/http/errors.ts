import type { Log } from '../engine/ports.ts'

/** A refusal with its HTTP status, a stable code and the next step for whoever asked. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly next: string
  readonly headers: Readonly<Record<string, string>>
  constructor(
    status: number,
    code: string,
    message: string,
    next: string,
    options: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options)
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.next = next
    this.headers = options.headers ?? {}
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly next: string }
}

export function errorBody(error: HttpError): ErrorBody {
  return { error: { code: error.code, message: error.message, next: error.next } }
}

const byCode: Readonly<Record<string, { readonly status: number; readonly next: string }>> = {
  store_unavailable: { status: 503, next: 'Try again; nothing was stored. See /readyz and the log for the cause.' },
  stale_write: { status: 409, next: 'Someone else changed it first: read it again and decide again.' },
  target_held: { status: 409, next: 'Another attempt holds the target: wait until it has concluded.' },
  conflict: { status: 409, next: 'Look at it again: its state does not allow this.' },
  not_found: { status: 404, next: 'List what exists with `hepar incidents`, or GET /api/v1/incidents.' },
  invalid: { status: 400, next: 'Correct the request and send it again.' },
  config: { status: 400, next: 'Run `hepar check` for every problem with its position.' },
}

/**
 * What a thrown value means to the caller. `unexpected` is the status of a bug: 503 where the sender should retry, else 500.
 * A bug's own words stay in the log.
 */
export function toHttpError(error: unknown, unexpected: 500 | 503, log: Log): HttpError {
  if (error instanceof HttpError) return error
  const { code, message, next, status } = describe(error)
  const known = code === undefined ? undefined : byCode[code]
  if (known !== undefined) {
    return new HttpError(known.status, code as string, message, next ?? known.next, { cause: error })
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new HttpError(
      status,
      'bad_request',
      'the request cannot be understood',
      'Check the address and its encoding.',
    )
  }
  log.error({ error: message, stack: error instanceof Error ? error.stack : undefined }, 'request failed unexpectedly')
  const later = 'Try again; if it stays, look into the log of hepar serve.'
  return new HttpError(unexpected, 'internal', 'an unexpected error occurred', later, { cause: error })
}

interface Described {
  readonly code?: string | undefined
  readonly message: string
  readonly next?: string | undefined
  readonly status?: number | undefined
}

function describe(error: unknown): Described {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code, next, status } = error as { code?: unknown; next?: unknown; status?: unknown }
  return {
    code: typeof code === 'string' ? code : undefined,
    message: error.message,
    next: typeof next === 'string' ? next : undefined,
    status: typeof status === 'number' ? status : undefined,
  }
}

/** The refusal of a page that was never offered. */
export function unknownCursor(cause?: unknown): HttpError {
  const next = 'Use the cursor of the previous page as it was given.'
  return new HttpError(400, 'invalid', 'the cursor is not one of ours', next, { cause })
}
