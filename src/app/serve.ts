import type { Policy, Problem } from '../domain/policy.ts'
import type { Clock, Log, PolicyHolder } from '../engine/ports.ts'
import type { Reload } from '../http/parts.ts'
import { formatGreeting } from './greeting.ts'
import { untilSignal } from './until-signal.ts'

interface Served {
  readonly url: string
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  readonly policy: PolicyHolder
  readonly warnings: readonly Problem[]
  unreachable(): Promise<readonly string[]>
  readonly reload: Reload
  close(): Promise<void>
}

/** Beyond the grace for running effects: time for requests in flight and for closing the store. */
const closeMarginMs = 20_000

/** Starts, greets, and serves until a signal. */
export async function serveUntilSignal(
  start: () => Promise<Served>,
  { json, command, out }: { readonly json: boolean; readonly command: string; readonly out: (text: string) => void },
): Promise<void> {
  const served = await start()
  const { log, policy, reload, close } = served
  const unreachable = await served.unreachable()
  const greeting = { ...served, policy: policy.current(), unreachable, command, now: served.clock.now() }
  out(json ? `${JSON.stringify(greetingJson(greeting.policy, greeting))}\n` : formatGreeting(greeting))
  await untilSignal({
    log,
    close,
    reload: (by) => reload({ dryRun: false, by }),
    closeWithinMs: () => policy.current().config.limits.shutdownGraceMs + closeMarginMs,
  })
}

function greetingJson({ config, playbooks, actions, revision }: Policy, { url, version, unreachable }: GreetingFields) {
  return {
    ready: true,
    version,
    url,
    webhook: `${url}/webhook/alertmanager`,
    metrics: `${url}/metrics`,
    mode: config.mode,
    revision,
    playbooks: playbooks.map(({ name }) => name),
    actions: actions.map(({ name }) => name),
    tokens: config.auth.tokens.length,
    unreachable,
  }
}

type GreetingFields = { readonly url: string; readonly version: string; readonly unreachable: readonly string[] }
