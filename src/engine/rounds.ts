/** Work done in rounds, never two at a time: again after a pause, or as soon as may be when kicked. */
export interface Rounds {
  kick(): void
  /** Resolves when the round under way has ended; no other follows. */
  close(): Promise<void>
}

/** `pauseMs` is asked after each round; `null` rests until the next kick. */
export function createRounds(
  work: () => Promise<void>,
  { pauseMs, onError }: { readonly pauseMs: () => number | null; readonly onError: (error: unknown) => void },
): Rounds {
  let timer: NodeJS.Timeout | null = null
  let underWay: Promise<void> | null = null
  let again = false
  let closed = false
  const settled = () => {
    underWay = null
    if (closed) return
    if (again) return kick()
    const ms = pauseMs()
    if (ms !== null) timer = setTimeout(kick, ms)
  }
  const kick = () => {
    if (closed) return
    again = underWay !== null
    if (again) return
    if (timer) clearTimeout(timer)
    underWay = work().catch(onError).then(settled)
  }
  return {
    kick,
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      await underWay
    },
  }
}
