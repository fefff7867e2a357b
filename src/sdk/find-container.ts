import type { ContainerEngine, ContainerInfo } from './container-engine.ts'
import { containerFacts } from './container-evidence.ts'
import { type ContainerSettings, whyNever } from './container-guard.ts'
import { type JsonObject, notNow, type Refusal, refuse } from './index.ts'
import { whyLifeline } from './lifeline.ts'

/** What an attempt on a container holds: it may be renamed meanwhile, or its engine be known by two names. */
export function containerObject({ Id }: ContainerInfo): string {
  return `container-id/${Id}`
}

export type ContainerFinding =
  | { readonly info: ContainerInfo; readonly facts: JsonObject }
  | { readonly info: null; readonly refusal: Refusal }

/** The one container of exactly this name, if it may be touched at all; `what` names it in a refusal. */
export async function findContainer(
  engine: ContainerEngine,
  settings: ContainerSettings,
  { name, what }: { readonly name: string; readonly what: string },
  signal: AbortSignal,
): Promise<ContainerFinding> {
  const no = (refusal: Refusal): ContainerFinding => ({ info: null, refusal })
  const [id, ...others] = await engine.idsNamed(name, signal)
  if (others.length > 0) return no(refuse(`host "${settings.host}" has several containers named "${name}"`))
  const info = id === undefined ? null : await engine.inspect(id, signal)
  if (info === null) return no(notNow(`host "${settings.host}" has no container named "${name}"`))
  if (info.Name !== `/${name}`) return no(notNow('the container was renamed while it was looked at'))

  const facts = containerFacts(info)
  const never = whyNever(info, settings)
  if (never !== null) return no(refuse(`${what} is not touched: ${never}`, facts))
  const lifeline = await whyLifeline(info, settings)
  if (lifeline === null) return { info, facts }
  return no((lifeline.sure ? refuse : notNow)(`${what} is not touched: ${lifeline.reason}`, facts))
}
