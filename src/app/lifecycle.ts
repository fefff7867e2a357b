import type { NewAuditEvent } from '../domain/audit.ts'
import type { Policy } from '../domain/policy.ts'
import type { Engine } from '../engine/engine.ts'
import { messageOf } from '../engine/errors.ts'
import type { Clock, Log, Store } from '../engine/ports.ts'
import type { Health } from '../http/parts.ts'

interface LifecycleParts {
  readonly engine: Pick<Engine, 'recover' | 'preview' | 'adopt' | 'start' | 'stop'>
  readonly store: Pick<Store, 'transaction' | 'health'>
  readonly clock: Clock
  readonly log: Log
  readonly version: string
}

export interface Lifecycle {
  readonly health: Health
  /** Recovers, puts the policy in force, and begins. Only from then on is Hepar ready. */
  begin(policy: Policy): Promise<void>
  /** Not ready from the first moment; then the engine stops, with its grace for running effects. */
  end(): Promise<void>
}

export function createLifecycle({ engine, store, clock, log, version }: LifecycleParts): Lifecycle {
  let phase: ReturnType<Health['phase']> = 'starting'
  const record = (event: Pick<NewAuditEvent, 'type' | 'body'>) =>
    store.transaction(event.type, (tx) => tx.append([{ ...event, at: clock.now(), actor: 'engine' }]))
  return {
    health: { phase: () => phase, storeProblem: () => store.health().reason },
    async begin(policy) {
      await record({ type: 'engine.started', body: { version } })
      await engine.recover()
      const preview = await engine.preview(policy)
      log.info({ revision: policy.revision, ...preview }, 'will match active alerts now')
      await engine.adopt(preview, 'engine')
      phase = 'running'
      engine.start()
    },
    async end() {
      phase = 'stopping'
      try {
        await record({ type: 'engine.stopping', body: {} })
      } catch (error) {
        log.error({ error: messageOf(error) }, 'cannot record the stop')
      }
      await engine.stop()
    },
  }
}
