/** What the process is asked to do from outside, from the first moment on. */
export interface Signals extends Disposable {
  /** Resolves with the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly stop: Promise<NodeJS.Signals>
  /** Called for SIGHUP from now on, and for one that came before. Those that come while it runs lead to one more call. */
  onHangUp(again: () => Promise<void>): void
}

/** Takes over the signals that would otherwise end the process in the middle of its work. */
export function listenForSignals(): Signals {
  const asked = Promise.withResolvers<NodeJS.Signals>()
  let stopping = false
  let missedHangUp = false
  let isBusy = false
  let again: (() => Promise<void>) | null = null
  const end = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    asked.resolve(signal)
  }
  const hangUp = () => {
    missedHangUp = again === null || isBusy
    if (again === null || isBusy) return
    isBusy = true
    void again().finally(() => {
      isBusy = false
      if (missedHangUp) hangUp()
    })
  }
  process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', hangUp)
  return {
    stop: asked.promise,
    onHangUp(listener) {
      again = listener
      if (missedHangUp) hangUp()
    },
    [Symbol.dispose]: () => void process.off('SIGTERM', end).off('SIGINT', end).off('SIGHUP', hangUp),
  }
}
