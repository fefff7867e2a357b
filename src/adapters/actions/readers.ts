import { messageOf } from '../../engine/errors.ts'
import type { Reply } from './dialogue.ts'
import type { LiveRunner } from './live-runner.ts'
import type { PluginFile, RunnerRequest } from './messages.ts'
import { runnerLimits } from './runner-limits.ts'
import type { RunnerPool } from './runner-pool.ts'

/**
 * Runners that only read: kept for a while per action, because plans and verifications come in rows. Hepar's own plugins
 * trust each other as far as being described and having parameters checked goes, so for that they share a few.
 */
export interface Readers {
  /** Lets what follows be read by fresh processes: what plugins import may have changed although their own files did not. */
  renew(): void
  /** Never rejects. The reader is ended after any misbehaviour, and after an idle while. */
  ask(plugin: PluginFile, request: RunnerRequest, timeoutMs: number): Promise<Reply>
  /** Lets a fresh process describe a plugin, since `renew`, and keeps that one for the questions that follow, in place of older ones. */
  introduce(plugin: PluginFile, timeoutMs: number): Promise<Reply>
  /** Ends those kept for a plugin that nobody will ask anything. */
  dismiss(plugin: PluginFile): Promise<void>
  /** Forgets the idle ones; the pool ends them. */
  close(): void
}

interface Shelf {
  idle: { readonly runner: LiveRunner; readonly timer: NodeJS.Timeout }[]
  readonly waiting: (() => void)[]
  busy: number
}

interface ReadersOptions {
  readonly idleMs?: number | undefined
  /** Whether a plugin is Hepar's own. */
  readonly isOwn: (file: string) => boolean
}

export function createReaders(
  pool: RunnerPool,
  { idleMs = runnerLimits.readerIdleMs, isOwn }: ReadersOptions,
): Readers {
  const shelves = new Map<string, Shelf>()
  let generation = 0

  async function take(shelf: Shelf): Promise<LiveRunner> {
    for (let kept = shelf.idle.pop(); kept !== undefined; kept = shelf.idle.pop()) {
      clearTimeout(kept.timer)
      if (kept.runner.isAlive()) return kept.runner
    }
    return pool.take()
  }

  function keep(shelf: Shelf, runner: LiveRunner): void {
    const timer = setTimeout(() => {
      shelf.idle = shelf.idle.filter((kept) => kept.runner !== runner)
      void runner.end('it was idle')
    }, idleMs)
    timer.unref()
    shelf.idle.push({ runner, timer })
  }

  /** What a plugin imports may have changed although its own file did not. */
  async function takeFresh(shelf: Shelf): Promise<LiveRunner> {
    void clear(shelf, 'its plugin is read again')
    return pool.take()
  }

  async function clear(shelf: Shelf, reason: string): Promise<void> {
    const idle = shelf.idle.splice(0)
    for (const { timer } of idle) clearTimeout(timer)
    await Promise.all(idle.map(({ runner }) => runner.end(reason)))
  }

  async function askOne(shelf: Shelf, request: RunnerRequest, timeoutMs: number, shared: boolean): Promise<Reply> {
    const begun = generation
    try {
      const runner = await (request.verb === 'describe' && !shared ? takeFresh(shelf) : take(shelf))
      const reply = await runner.ask(request, { timeoutMs })
      // The next question must not meet what this one left behind.
      const behaved = reply.kind === 'answered' && reply.late === null && reply.answer.kind !== 'doubtful'
      if (behaved && !(shared && begun !== generation)) keep(shelf, runner)
      else await runner.end(behaved ? 'plugins are read again' : 'it misbehaved')
      return reply
    } catch (error) {
      return { kind: 'lost', reason: messageOf(error), asked: false }
    }
  }

  async function ask({ file, fileDigest }: PluginFile, request: RunnerRequest, timeoutMs: number): Promise<Reply> {
    const shared = (request.verb === 'describe' || request.verb === 'check') && isOwn(file)
    const key = shared ? ownKey : keyOf({ file, fileDigest })
    const shelf = shelves.get(key) ?? { idle: [], waiting: [], busy: 0 }
    shelves.set(key, shelf)
    if (shelf.busy >= runnerLimits.readersPerActionMax) {
      await new Promise<void>((resolve) => shelf.waiting.push(resolve))
    } else shelf.busy++
    try {
      return await askOne(shelf, request, timeoutMs, shared)
    } finally {
      const next = shelf.waiting.shift()
      if (next === undefined) shelf.busy--
      else next()
    }
  }

  return {
    renew() {
      generation++
      const own = shelves.get(ownKey)
      if (own !== undefined) void clear(own, 'plugins are read again')
    },
    ask,
    introduce: ({ file, fileDigest }, timeoutMs) =>
      ask({ file, fileDigest }, { verb: 'describe', file, fileDigest }, timeoutMs),
    async dismiss(plugin) {
      const shelf = shelves.get(keyOf(plugin))
      if (shelf !== undefined) await clear(shelf, 'its plugin cannot be used')
    },
    close() {
      for (const { idle } of shelves.values()) for (const { timer } of idle.splice(0)) clearTimeout(timer)
    },
  }
}

const ownKey = 'own'

function keyOf({ file, fileDigest }: PluginFile): string {
  return `${file}\0${fileDigest}`
}
