import type { RunnerIdentity } from '../../domain/attempt.ts'
import type { Limits } from '../../domain/config.ts'
import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'
import { openChannel } from './channel.ts'
import { type AskBounds, createDialogue, type Reply } from './dialogue.ts'
import type { Families } from './families.ts'
import type { MemoryWatch } from './memory-watch.ts'
import type { RunnerAnswer, RunnerRequest } from './messages.ts'
import { watchOutput } from './output.ts'
import { killNow } from './process-table.ts'
import { runnerLimits } from './runner-limits.ts'
import { spawnRunner } from './runner-process.ts'
import { endFamily } from './survivors.ts'

export interface RunnerTools {
  readonly limits: Pick<Limits, 'runnerMemoryBytesMax' | 'runnerOutputBytesMax'>
  readonly families: Families
  readonly memory: MemoryWatch
  readonly log: Log
}

/** A process that can be asked to describe, plan, verify or run one plugin. */
export interface LiveRunner {
  readonly identity: RunnerIdentity
  /** Rejects when the runner ends before it is ready. */
  readonly ready: Promise<void>
  /** Resolves with the reason when the runner and all it started are gone, whatever ended them. */
  readonly gone: Promise<string>
  isAlive(): boolean
  /** One question at a time; never rejects. */
  ask(request: RunnerRequest, bounds: AskBounds): Promise<Reply>
  /** Kills the runner with all it started; resolves when all of them are gone. */
  end(reason: string): Promise<unknown>
}

const drainMs = 200

/** Starts one blank runner. Throws when the system cannot. */
export function startRunner({ limits, families, memory, log }: RunnerTools): LiveRunner {
  const { child, identity, channel: stream, outputs, lifeline } = spawnRunner(limits.runnerMemoryBytesMax)
  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => undefined)
  const gone = Promise.withResolvers<string>()
  let why: string | null = null
  let exited = false
  let unwatch: (() => void) | null = null

  const channel = openChannel(stream, { hear, refuse: (reason) => kill(`the plugin ${reason}`) })
  const dialogue = createDialogue(channel.send, kill)
  const output = watchOutput(outputs, limits.runnerOutputBytesMax, () =>
    kill(`the plugin printed more than ${limits.runnerOutputBytesMax} bytes`),
  )
  const startup = setTimeout(() => kill('the runner did not start in time'), runnerLimits.startupMs)
  child.once('exit', (code, signal) => {
    exited = true
    why ??= signal === null ? `the runner exited with code ${code}` : `the runner was killed by ${signal}`
    const reason = why
    void finish(reason).then(() => gone.resolve(reason))
  })

  function hear(answer: RunnerAnswer): void {
    if (answer.kind === 'ready') {
      clearTimeout(startup)
      ready.resolve()
    } else if (!dialogue.answer(answer)) kill('the plugin sent an answer that was not asked for')
  }

  function kill(reason: string): void {
    why ??= reason
    // Not reaped yet, so the number is still its own.
    if (!exited) killNow(identity.pid, 'group')
  }

  async function finish(reason: string): Promise<void> {
    clearTimeout(startup)
    // The watcher is still in the group and keeps its number from being given to a stranger.
    killNow(identity.pid, 'group')
    await Promise.race([channel.closed, new Promise((resolve) => setTimeout(resolve, drainMs))])
    await endRelatives()
    ready.reject(new Error(reason))
    if (dialogue.lose(reason)) log.warn({ pid: identity.pid, reason, stderr: output.tail() }, 'runner lost')
    for (const pipe of [lifeline, stream, ...outputs]) pipe.destroy()
  }

  async function endRelatives(): Promise<void> {
    if (unwatch === null) families.track(identity)
    try {
      await endFamily(families, identity)
    } catch (error) {
      log.error({ pid: identity.pid, error: messageOf(error) }, 'a runner left processes that cannot be ended')
    }
    unwatch?.()
    families.forget(identity)
  }

  function watchMemory(): () => void {
    families.track(identity)
    return memory.watch(identity, (bytes) =>
      kill(`the plugin and its children used ${bytes} bytes of memory, more than ${limits.runnerMemoryBytesMax}`),
    )
  }

  return {
    identity,
    ready: ready.promise,
    gone: gone.promise,
    isAlive: () => !exited && why === null,
    async ask(request, bounds) {
      if (why !== null) return { kind: 'lost', reason: why, asked: false }
      unwatch ??= watchMemory()
      output.reset()
      return dialogue.ask(request, bounds)
    },
    end(reason) {
      kill(reason)
      return gone.promise
    },
  }
}
