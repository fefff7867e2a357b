/** A failure that says what to do next. */
export class CliError extends Error {
  readonly next: string
  readonly code: string
  constructor(message: string, next: string, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options)
    this.name = 'CliError'
    this.next = next
    this.code = options.code ?? 'failed'
  }
}
