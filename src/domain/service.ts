/** The action whose temporary effect on a service is its safe mode. */
export const safeModeAction = 'safe-mode'

/** One service of `hepar.yaml`: something that can be put into safe mode. */
export interface Service {
  readonly name: string
  /** A key of a configured Redis that exists while the service is in safe mode. */
  readonly mirror: { readonly redis: string; readonly key: string } | null
}

/** The written form of a service as a target. */
export function serviceTarget(name: string): string {
  return `service/${name}`
}
