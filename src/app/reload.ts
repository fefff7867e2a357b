import type { Config } from '../domain/config.ts'
import { formatProblem, type Policy, type Problem } from '../domain/policy.ts'
import type { Engine } from '../engine/engine.ts'
import { messageOf } from '../engine/errors.ts'
import type { Clock, Log, Store } from '../engine/ports.ts'
import type { Reload, ReloadReport } from '../http/parts.ts'
import type { Loaded } from './load.ts'

interface ReloadParts {
  readonly engine: Pick<Engine, 'preview' | 'adopt'>
  readonly store: Pick<Store, 'transaction'>
  readonly clock: Clock
  readonly log: Log
  readonly current: () => Policy
  /** Reads all files again. */
  readonly load: () => Promise<Loaded>
  /** Takes the certificate of the configuration in force from its files as they are now. Throws when it cannot be used. */
  readonly renewCertificate: () => void
  /** Puts a policy in force, for every reader at once, and gives back what undoes it. */
  readonly swap: (loaded: Loaded & { readonly ok: true }) => Promise<() => Promise<void>>
}

/** Reloads one after the other: whole or not at all, the last good set kept, the outcome in the log. */
export function createReload(parts: ReloadParts): Reload {
  let last: Promise<unknown> = Promise.resolve()
  return (request) => {
    const turn = last.then(() => reloadOnce(request, parts))
    last = turn.catch(() => {})
    return turn
  }
}

async function reloadOnce({ dryRun, by }: Parameters<Reload>[0], parts: ReloadParts): Promise<ReloadReport> {
  const { engine, log } = parts
  if (!dryRun) renew(parts)
  const loaded = await parts.load().catch(async (error: unknown) => {
    // Whoever only watches the log and the metric must hear of it, too.
    if (!dryRun) await refuse([unexpected(error, parts)], by, parts)
    throw error
  })
  const problems = loaded.ok ? restartProblems(parts.current().config, loaded.policy.config) : loaded.problems
  if (!loaded.ok || problems.length > 0) {
    if (!dryRun) await refuse(problems, by, parts)
    return { ok: false, problems }
  }
  const { policy, warnings } = loaded
  const preview = await engine.preview(policy)
  const { revision, playbooks, actions } = policy
  if (!dryRun) {
    log.info({ revision, by, ...preview }, 'will match active alerts now')
    const undo = await parts.swap(loaded)
    try {
      await engine.adopt(preview, by)
    } catch (error) {
      // What the log could not record must not be in force.
      await undo()
      throw error
    }
  }
  return { ok: true, dryRun, revision, playbooks: playbooks.length, actions: actions.length, preview, warnings }
}

// A mistake in a playbook must not let the certificate in force run out.
function renew({ renewCertificate, log }: ReloadParts): void {
  try {
    renewCertificate()
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'the files of the certificate cannot be used, the one before stays in use')
  }
}

function unexpected(error: unknown, { current }: ReloadParts): Problem {
  const message = `the files cannot be read: ${messageOf(error)}`
  return { severity: 'error', file: current().config.file, line: 0, column: 0, message }
}

async function refuse(problems: readonly Problem[], by: string, { store, clock, log }: ReloadParts): Promise<void> {
  const lines = problems.slice(0, 100).map(formatProblem)
  log.error({ by, problems: lines }, 'new configuration refused, the last good one stays in force')
  const event = { type: 'config.refused', at: clock.now(), actor: by, body: { problems: lines } } as const
  try {
    await store.transaction('config', (tx) => tx.append([event]))
  } catch (error) {
    log.error({ error: messageOf(error) }, 'cannot record the refused configuration')
  }
}

/** What a running process cannot change; each is a reason to refuse, because half a change is no change. */
function restartProblems(now: Config, next: Config): readonly Problem[] {
  const fixed: readonly (readonly [string, (config: Config) => unknown])[] = [
    ['listen', ({ listen }) => [listen.host, listen.port]],
    ['tls', ({ tls }) => (tls === null ? 'off' : ['on', tls.clientCa !== null])],
    ['store', ({ store, dataFolder }) => [store.kind, store.file, dataFolder]],
    ['limits.runnerMemory', ({ limits }) => limits.runnerMemoryBytesMax],
    ['limits.runnerOutput', ({ limits }) => limits.runnerOutputBytesMax],
    ['limits.planTimeout', ({ limits }) => limits.planTimeoutMs],
    ['limits.startWithin', ({ limits }) => limits.startWithinMs],
  ]
  return fixed
    .filter(([, pick]) => JSON.stringify(pick(now)) !== JSON.stringify(pick(next)))
    .map(([key]) => {
      const message = `a change of "${key}" needs a restart`
      return { severity: 'error', file: next.file, line: 0, column: 0, message }
    })
}
