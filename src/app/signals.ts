/** What the process is asked to do from outside, from the first moment on. */
export interface Signals extends Disposable {
  /** Resolves with the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly stop: Promise<NodeJS.Signals>
  /** Called for each SIGHUP from now on, and for one that came before. */
  onHangUp(again: () => void): void
}

/** Takes over the signals that would otherwise end the process in the middle of its work. */
export function listenForSignals(): Signals {
  const asked = Promise.withResolvers<NodeJS.Signals>()
  let stopping = false
  let missedHangUp = false
  let again = () => {
    missedHangUp = true
  }
  const end = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    asked.resolve(signal)
  }
  const hangUp = () => again()
  process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', hangUp)
  return {
    stop: asked.promise,
    onHangUp(listener) {
      again = listener
      if (missedHangUp) listener()
    },
    [Symbol.dispose]: () => void process.off('SIGTERM', end).off('SIGINT', end).off('SIGHUP', hangUp),
  }
}
