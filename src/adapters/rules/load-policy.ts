import type { ActionInfo, BrokenAction } from '../../domain/action.ts'
import type { Config } from '../../domain/config.ts'
import { deepFreeze } from '../../domain/freeze.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { Policy, Problem } from '../../domain/policy.ts'
import { revisionOf } from '../../engine/digest.ts'
import { inMatchingOrder } from '../../engine/match/match.ts'
import type { CheckParams } from './context.ts'
import { loadPlaybooks } from './load-playbooks.ts'

export type PolicyReading =
  /** `problems` holds warnings. */
  | { readonly ok: true; readonly policy: Policy; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Loads everything that decides, whole or not at all. `unread` names the keys of the configuration that could not be read.
 * `now` is epoch milliseconds.
 */
export async function loadPolicy({
  config,
  unread = [],
  actions,
  broken = [],
  checkParams,
  now,
}: {
  readonly config: Config
  readonly unread?: readonly string[]
  readonly actions: readonly ActionInfo[]
  readonly broken?: readonly BrokenAction[]
  readonly checkParams: CheckParams
  readonly now: number
}): Promise<PolicyReading> {
  const known = {
    sources: unread.includes('sources') ? null : config.sources,
    notify: unread.includes('notify') ? null : config.notify,
    http: unread.includes('http') ? null : config.http,
    policies: unread.includes('policies') ? null : config.policies,
  }
  const { playbooks, problems } = await loadPlaybooks(config.rules, { config: known, actions, broken, checkParams })
  if (problems.some(({ severity }) => severity === 'error')) return { ok: false, problems }
  const policy: Policy = {
    revision: policyRevision(config, playbooks, actions),
    loadedAt: now,
    config,
    playbooks: inMatchingOrder(playbooks),
    actions,
  }
  return { ok: true, policy: deepFreeze(policy), problems }
}

/** Changes exactly when playbooks, action files, ceiling, sources, hosts or what may be touched do. */
function policyRevision(
  { mode, sources, docker, redis, paths, services, http, approval, policies }: Config,
  playbooks: readonly Playbook[],
  actions: readonly ActionInfo[],
): string {
  return revisionOf({
    mode,
    sources: sources.map(({ name, alertmanagers, prometheus }) => {
      return { name, alertmanagers: alertmanagers.map(({ url }) => url), prometheus: prometheus?.url ?? null }
    }),
    hosts: docker.hosts.map(({ name, socket, url, labelValues }) => ({ name, socket, url, labelValues })),
    docker: { hostLabel: docker.hostLabel, allow: docker.allow, protect: docker.protect },
    paths,
    // A changed secret permits nothing that was not permitted before, so it stays out.
    redis: redis.map(({ password, ...server }) => server),
    http: { ...http },
    approval,
    policies: policies.map(({ name, peer }) => ({ name, url: peer.url })),
    services: services.map(({ commands, requests, ...service }) => {
      return {
        ...service,
        commands: commands.map(({ env, ...command }) => ({ ...command, env: env.map(({ name }) => name) })),
        requests: requests.map(({ url, headers, body, ...request }) => {
          const shown = headers.map(({ name, shown }) => ({ name, shown }))
          return { ...request, url: url.shown, headers: shown, body: body?.shown ?? null }
        }),
      }
    }),
    playbooks: Object.fromEntries(playbooks.map(({ name, revision }) => [name, revision])),
    actions: Object.fromEntries(actions.map(({ name, fileDigest }) => [name, fileDigest])),
  })
}
