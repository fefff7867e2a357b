import * as z from 'zod'
import { matchesPlace } from '../domain/place-glob.ts'
import type { ContainerInfo } from './container-engine.ts'
import { healthOf } from './container-evidence.ts'

const connection = z.union([
  z.strictObject({ socketPath: z.string().min(1) }),
  z.strictObject({
    protocol: z.enum(['http', 'https']),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535),
    ca: z.string().exactOptional(),
    cert: z.string().exactOptional(),
    key: z.string().exactOptional(),
  }),
])

/** What the configuration says about containers of one host; all of it is needed, for a missing list would permit. */
export const containerSettings = z.object({
  host: z.string().min(1),
  docker: connection,
  allow: z.array(z.string()),
  protect: z.array(z.string()),
  lifelines: z.array(z.object({ host: z.string(), port: z.number(), what: z.string() })),
  self: z.object({ containerIds: z.array(z.string()) }),
})
export type ContainerSettings = z.output<typeof containerSettings>

/** Why this container is never to be touched, or `null`. The answer changes only with labels or configuration. */
export function whyNever(info: ContainerInfo, settings: ContainerSettings): string | null {
  return (
    whyNotPermitted(info, settings) ??
    whySelf(info, settings) ??
    whyManagedElsewhere(info) ??
    (info.HostConfig.AutoRemove ? 'it was started with --rm, so stopping it would remove it' : null) ??
    (info.State.Status === 'dead' ? 'it is dead: the engine could not remove it, and it cannot run again' : null)
  )
}

/** Why this container is not to be restarted as it is now, or `null`. It may pass later. */
export function whyNotNow(info: ContainerInfo): string | null {
  const { Status: state } = info.State
  if (state === 'restarting') return 'it is already restarting'
  if (state === 'running' && healthOf(info) === 'starting') {
    return 'it is already starting: its health check has not decided yet'
  }
  if (state === 'paused') return 'it is paused: somebody holds it still on purpose'
  if (state === 'removing') return 'it is being removed'
  if (state === 'created') return 'it has never been started'
  return state === 'running' || state === 'exited' ? null : `its state "${state}" is not one to restart from`
}

function whyNotPermitted(info: ContainerInfo, { host, allow, protect }: ContainerSettings): string | null {
  const name = info.Name.slice(1)
  const label = info.Config.Labels?.['hepar.enable']
  const shield = protect.find((glob) => matchesPlace(glob, host, name))
  if (shield !== undefined) return `docker.protect has "${shield}"`
  if (label === 'true') return null
  if (label !== undefined) return `its label hepar.enable is "${label.slice(0, 32)}"`
  if (allow.some((glob) => matchesPlace(glob, host, name))) return null
  return `it is not opted in: give it the label hepar.enable=true, or add "${host}/${name}" to docker.allow`
}

function whySelf(info: ContainerInfo, { self }: ContainerSettings): string | null {
  // A container knows only the first twelve digits of its own id.
  const own = self.containerIds.some((id) => id.length >= 12 && info.Id.startsWith(id))
  return own ? 'Hepar itself runs in it' : null
}

const managers = [
  ['com.docker.swarm.', 'Docker Swarm'],
  ['io.kubernetes.', 'Kubernetes'],
  ['com.hashicorp.nomad.', 'Nomad'],
  ['com.amazonaws.ecs.', 'Amazon ECS'],
] as const

function whyManagedElsewhere(info: ContainerInfo): string | null {
  const labels = Object.keys(info.Config.Labels ?? {})
  for (const [prefix, manager] of managers) {
    if (labels.some((label) => label.startsWith(prefix)))
      return `${manager} manages it, and would work against a restart`
  }
  return info.Name.startsWith('/k8s_') ? 'Kubernetes manages it, and would work against a restart' : null
}
