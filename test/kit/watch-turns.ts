/**
 * How long others wait for their turn because of this thread's own work, until it is stopped: the work between two turns that a timer
 * gets, in milliseconds of processor time, shortest first. How long the thread waits for a processor says nothing of it.
 */
export function watchTurns(): { stop(): readonly number[] } {
  const turns: number[] = []
  let before = process.threadCpuUsage()
  const tick = () => {
    const now = process.threadCpuUsage()
    turns.push((now.user + now.system - before.user - before.system) / 1_000)
    before = now
  }
  const timer = setInterval(tick, 1)
  return {
    stop() {
      tick()
      clearInterval(timer)
      return turns.toSorted((a, b) => a - b)
    },
  }
}
