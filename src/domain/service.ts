/** The action whose temporary effect on a service is its safe mode. */
export const safeModeAction = 'safe-mode'

/** The written form of a service as a target. */
export function serviceTarget(name: string): string {
  return `service/${name}`
}
