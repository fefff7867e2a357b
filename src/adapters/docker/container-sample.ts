import type { ContainerInfo } from 'dockerode'

/** One container as the exporter shows it. */
export interface ContainerSample {
  readonly name: string
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly state: string
  /** 1 healthy, 0 unhealthy, −1 where there is no health check, no verdict yet, or nothing running. */
  readonly health: 1 | 0 | -1
}

/** Reads one row of the engine's list; `null` where it has no name yet. */
export function readSample(row: ContainerInfo): ContainerSample | null {
  // A name with a second slash is a link from another container.
  const name = row.Names?.find((text) => text.lastIndexOf('/') === 0)?.slice(1)
  return name ? { name, state: row.State, health: healthOf(row) } : null
}

// Engines before API 1.52 tell the health in the list only in the text of the status, as `docker ps` shows it.
function healthOf({ State, Status, ...row }: ContainerInfo): 1 | 0 | -1 {
  if (State !== 'running') return -1
  const told = (row as { Health?: { Status?: string } }).Health?.Status
  const health = told ?? /\((healthy|unhealthy)\)$/.exec(Status)?.[1]
  return health === 'healthy' ? 1 : health === 'unhealthy' ? 0 : -1
}
