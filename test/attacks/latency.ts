import { setTimeout as pause } from 'node:timers/promises'

const everyMs = 10
const answerWithinMs = 30_000

/** From now on asks for `/livez` again and again; `stop` resolves to how long that took, in ms, p99. */
export function latenciesOf(url: string): { stop(): Promise<number> } {
  const stopping = new AbortController()
  const measured = measure(url, stopping.signal)
  // Whoever stops hears of a failure.
  measured.catch(() => {})
  return {
    stop() {
      stopping.abort()
      return measured
    },
  }
}

async function measure(url: string, stopping: AbortSignal): Promise<number> {
  const taken: number[] = []
  while (!stopping.aborted || taken.length === 0) {
    const at = performance.now()
    const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(answerWithinMs) })
    await answer.arrayBuffer()
    taken.push(performance.now() - at)
    await pause(everyMs)
  }
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * 0.99)] ?? Number.POSITIVE_INFINITY
}
