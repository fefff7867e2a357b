/** Something did not go as the demo promises. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure'
  /** What the viewer can do about it. */
  readonly next: string

  constructor(message: string, next = '', options?: ErrorOptions) {
    super(message, options)
    this.next = next
  }
}
