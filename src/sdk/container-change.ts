import type { ContainerInfo } from './container-engine.ts'

/**
 * When somebody last started or stopped a container, by this machine's clock; `null` where that cannot be told. The engine counts what its
 * restart policy does, and begins that count anew with each start that was asked for: a container that keeps crashing shows no such change.
 * `aheadMs` is by how much the engine's clock is ahead.
 */
export function containerChange(
  info: ContainerInfo,
  aheadMs: number,
): { readonly at: number; readonly what: string } | null {
  const { Status: state, StartedAt, FinishedAt } = info.State
  const change = (time: string, what: string) => {
    const at = Date.parse(time)
    return Number.isFinite(at) && at > 0 ? { at: Math.round(at - aheadMs), what } : null
  }
  // What its policy would have started again has been stopped on purpose.
  if (state === 'exited' && isAlwaysStarted(info)) return change(FinishedAt, 'it was stopped')
  if (state !== 'running' || info.RestartCount !== 0) return null
  return change(StartedAt, 'it was started')
}

function isAlwaysStarted(info: ContainerInfo): boolean {
  const policy = info.HostConfig.RestartPolicy?.Name
  return policy === 'always' || policy === 'unless-stopped'
}
