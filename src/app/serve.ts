import type { Policy } from '../domain/policy.ts'
import { messageOf } from '../engine/errors.ts'
import type { App } from './app-parts.ts'
import { formatGreeting } from './greeting.ts'
import { invocationAt } from './invocation.ts'
import { listenForCrash } from './last-words.ts'
import { listenForSignals } from './signals.ts'

/** Who is greeted: `command` is what they type before the name of a command. */
interface Greeted {
  readonly json: boolean
  readonly command: string
  readonly out: (text: string) => void
}

/** Beyond the grace for running effects: time for requests in flight and for closing the store. */
const closeMarginMs = 20_000

/** Starts, greets, and serves until a signal. One that comes before everything has started ends it just as cleanly. */
export async function serveUntilSignal(start: () => Promise<App>, terminal: Greeted): Promise<void> {
  using signals = listenForSignals()
  const served = await start()
  const { log, reload } = served
  using _crash = listenForCrash(log)
  signals.onHangUp(async () => {
    try {
      await reload({ dryRun: false, by: 'signal:SIGHUP' })
    } catch (error) {
      log.error({ error: messageOf(error) }, 'cannot reload')
    }
  })
  // Neighbours that do not answer take seconds, for which a stop does not wait.
  const unreachable = await Promise.race([served.unreachable(), signals.stop.then(() => null)])
  if (unreachable !== null)
    greet(
      served,
      unreachable.map(({ message }) => message),
      terminal,
    )
  log.info({ signal: await signals.stop }, 'stopping')
  await closeInTime(served)
  log.info({}, 'stopped')
}

function greet(served: App, unreachable: readonly string[], { json, command, out }: Greeted): void {
  const { url, clock, policy } = served
  const at = invocationAt(url, command)
  const greeting = { ...served, policy: policy.current(), unreachable, command: at, now: clock.now() }
  out(json ? `${JSON.stringify(greetingJson(greeting.policy, greeting))}\n` : formatGreeting(greeting))
}

async function closeInTime({ log, policy, close }: App): Promise<void> {
  const waitMs = policy.current().config.limits.shutdownGraceMs + closeMarginMs
  const overdue = setTimeout(() => {
    log.error({ waitedMs: waitMs }, 'stopping takes too long, ending at once')
    process.exit(1)
  }, waitMs)
  await close()
  clearTimeout(overdue)
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
