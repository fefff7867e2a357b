import type { AuditType } from '../domain/audit.ts'
import { createEffects } from './act/act.ts'
import { type AdvancePorts, advance } from './advance.ts'
import type { AskPolicy } from './approve/approval-ports.ts'
import type { Engine } from './engine.ts'
import { messageOf } from './errors.ts'
import { explain } from './explain.ts'
import { createRetentionRounds } from './keep/retention.ts'
import { promote } from './ladder/demotion.ts'
import { decideApproval } from './operate/decide-approval.ts'
import { cancel, heal, resume } from './operate/operate.ts'
import { liftPause, placePause } from './operate/scoped-pauses.ts'
import { setPause } from './operate/stop-switch.ts'
import type {
  Actions,
  Checkpoint,
  Clock,
  HttpProbe,
  Log,
  NewId,
  PolicyHolder,
  Queue,
  Silencers,
  Sources,
  Store,
} from './ports.ts'
import { createAccept } from './receive/accept.ts'
import { askAbout } from './receive/confirm.ts'
import { receive } from './receive/receive.ts'
import { previewRematch, rematch } from './receive/rematch.ts'
import { sweep } from './receive/sweep.ts'
import { completeWaiting } from './receive/truncated.ts'
import { createClockWatch } from './recover/clock-watch.ts'
import { recover } from './recover/recover.ts'
import { createRounds, type Rounds } from './rounds.ts'
import { createSilencing } from './silence/silencing.ts'
import { releaseStorm } from './storm/release-storm.ts'
import { createStormRounds } from './storm/storm-rounds.ts'
import type { Deliver } from './tell/delivery-port.ts'
import { createOutbox } from './tell/outbox.ts'
import { testChannel } from './tell/test-channel.ts'
import { createWaking } from './turns/waking.ts'

/** Everything the engine needs from the world. */
export interface EnginePorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly sources: Sources
  readonly silencers: Silencers
  readonly actions: Actions
  readonly askPolicy: AskPolicy
  readonly probeHttp: HttpProbe
  readonly deliver: Deliver
  readonly queue: Queue
  readonly log: Log
  readonly checkpoint: Checkpoint
  /** See `RetentionPorts`; absent in production. */
  readonly hasten?: number
}

export function createEngine(world: EnginePorts): Engine {
  const { store, queue, log } = world
  const effects = createEffects(
    world,
    () => queue.wake(),
    (incident) => queue.hurry(incident),
  )
  const ports = { ...world, effects, accept: createAccept(world) }
  const outbox = createOutbox(world)
  const silencing = createSilencing(world)
  const retention = createRetentionRounds(world)
  const background = createBackground(log)
  const waking = createWaking(world)
  const wakingRounds = createRounds(waking.wake, {
    pauseMs: () => (waking.owed() ? wakeAgainMs : null),
    onError: (error) => log.warn({ error: messageOf(error) }, 'what waited could not be woken'),
  })
  // In rounds, so that the rest of a delivery is never fetched and decided by two at a time.
  const completing = createRounds(() => completeWaiting(ports), {
    pauseMs: () => null,
    onError: (error) => log.warn({ error: messageOf(error) }, 'truncated deliveries could not be looked after'),
  })
  const stormRounds = createStormRounds(world)
  const clockWatch = createClockWatch(world)
  const clockRounds = createRounds(clockWatch.look, {
    pauseMs: () => lookAtClockMs,
    onError: (error) => log.warn({ error: messageOf(error) }, 'what a set clock has moved could not be brought back'),
  })
  const sweeping = createSweeping(ports, background, completing)
  const stopListening = store.onCommit((events) => {
    queue.wake()
    if (events.some(({ type }) => tellsPeople.test(type))) outbox.kick()
    if (events.some(({ type }) => movesStorm.has(type))) stormRounds.kick()
    if (waking.hear(events)) wakingRounds.kick()
    if (events.some(({ type }) => changesSilences.has(type))) silencing.kick()
  })
  return {
    async receive(delivery, by) {
      const { decisions, askSource, rest } = await receive(delivery, by, ports)
      if (askSource.length > 0) {
        background.run('asking the source about ambiguous alerts', async () => {
          await askAbout(await store.read.alerts(delivery.source, [...new Set(askSource)]), ports)
        })
      }
      if (rest !== null) completing.kick()
      return decisions
    },
    explain: (delivery) => explain(delivery, ports),
    cancel: (incident, by, reason) => cancel(incident, by, reason, ports),
    resume: (incident, by, reason) => resume(incident, by, reason, ports),
    testChannel: (channel, by) => testChannel(channel, by, world),
    decideApproval: (request) => decideApproval(request, ports),
    heal: (request) => heal(request, ports),
    promote: (playbook, by, reason) => promote(playbook, by, reason, ports),
    setPause: (pause, by, how) => setPause(pause, by, ports, how),
    placePause: (wanted, by) => placePause(wanted, by, ports),
    liftPause: (id, by) => liftPause(id, by, ports),
    preview: (policy) => previewRematch(policy, ports),
    releaseStorm: (by, reason) => releaseStorm(by, reason, ports),
    adopt: (preview, by) => rematch(preview, by, ports),
    async recover() {
      await clockWatch.look()
      await recover(ports)
    },
    start() {
      queue.start((incident) => advance(incident, ports).finally(() => effects.places.looked(incident)))
      outbox.kick()
      silencing.start()
      sweeping.start()
      completing.kick()
      retention.kick()
      stormRounds.kick()
      clockRounds.kick()
    },
    async stop() {
      sweeping.stop()
      effects.stop(world.policy.current().config.limits.shutdownGraceMs)
      // An intent committed a moment ago is started by its advance, so only then is it known what runs.
      await queue.close()
      await effects.settle()
      await completing.close()
      await wakingRounds.close()
      await retention.close()
      await stormRounds.close()
      await clockRounds.close()
      await background.settle()
      await silencing.close()
      await outbox.close()
      stopListening()
    },
  }
}

/** Events whose commit may have put a message into the outbox; whatever is forgotten here leaves within a second. */
const tellsPeople = /^(incident\.(closed|handed_over)$|approval\.|storm\.|playbook\.)/

/** Events after which the storm latch looks when it has to look again. */
const movesStorm: ReadonlySet<AuditType> = new Set(['storm.latched', 'storm.ramped', 'attempt.concluded'])

const lookAtClockMs = 1_000

/** After a wake that failed, which the store's medium decides. */
const wakeAgainMs = 1_000

/** Events after which other alerts may want to be silent, or none. */
const changesSilences: ReadonlySet<AuditType> = new Set([
  'attempt.intended',
  'attempt.concluded',
  'incident.attached',
  'alert.changed',
  'config.loaded',
])

/** Work that no caller waits for; it is still waited for when the engine stops. */
function createBackground(log: Log): { run(what: string, work: () => Promise<void>): void; settle(): Promise<void> } {
  const running = new Set<Promise<void>>()
  return {
    run(what, work) {
      const done: Promise<void> = work()
        .catch((error) => log.warn({ what, error: messageOf(error) }, 'background work failed'))
        .finally(() => running.delete(done))
      running.add(done)
    },
    async settle() {
      await Promise.all(running)
    },
  }
}

function createSweeping(
  ports: AdvancePorts & EnginePorts,
  background: ReturnType<typeof createBackground>,
  completing: Rounds,
) {
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  const again = () => {
    if (stopped) return
    timer = setTimeout(() => {
      completing.kick()
      background.run('comparing with the sources', () => sweep(ports).finally(again))
    }, ports.policy.current().config.limits.reconcileEveryMs)
  }
  return {
    start: again,
    stop() {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  }
}
