import { randomUUID } from 'node:crypto'
import type { Channel } from './channel.ts'
import type { RunnerAnswer, RunnerRequest } from './messages.ts'
import { runnerLimits } from './runner-limits.ts'

/** What came of one question. */
export type Reply =
  /** `late` says why the plugin had been told to stop before this answer came; `null` when it had not. */
  | { readonly kind: 'answered'; readonly answer: RunnerAnswer; readonly late: string | null }
  /** `asked: false` means that the runner never got the question. */
  | { readonly kind: 'lost'; readonly reason: string; readonly asked: boolean }

export interface AskBounds {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface Dialogue {
  /** Resolves with the answer or with the loss of the runner. After `timeoutMs` the plugin is told to stop, then killed. */
  ask(request: RunnerRequest, bounds: AskBounds): Promise<Reply>
  /** False when no such question is open. */
  answer(answer: RunnerAnswer): boolean
  /** Ends the open question; false without one. */
  lose(reason: string): boolean
}

interface Question {
  readonly id: string
  readonly settle: (reply: Reply) => void
  late: string | null
}

const timerMsMax = 2 ** 31 - 1

/** Questions to one runner, one at a time. */
export function createDialogue(send: Channel['send'], kill: (reason: string) => void): Dialogue {
  let open: Question | null = null

  function settle(reply: Reply): boolean {
    const question = open
    open = null
    question?.settle(reply)
    return question !== null
  }

  return {
    async ask(request, bounds) {
      if (open !== null) throw new Error('a runner takes one question at a time')
      const { promise, resolve } = Promise.withResolvers<Reply>()
      const question: Question = { id: randomUUID(), settle: resolve, late: null }
      open = question
      send({ id: question.id, request })
      const release = stopInTime(question, bounds, send, kill)
      return promise.finally(release)
    },
    answer: (answer) => open !== null && answer.id === open.id && settle({ kind: 'answered', answer, late: open.late }),
    lose: (reason) => settle({ kind: 'lost', reason, asked: true }),
  }
}

function stopInTime(
  question: Question,
  { timeoutMs, signal }: AskBounds,
  send: Channel['send'],
  kill: (reason: string) => void,
): () => void {
  let killer: NodeJS.Timeout | undefined
  const stop = (reason: string) => {
    if (question.late !== null) return
    question.late = reason
    send({ abort: true })
    killer = setTimeout(() => kill(reason), runnerLimits.abortGraceMs)
  }
  const waitMs = Math.min(Math.max(0, timeoutMs), timerMsMax)
  const timer = setTimeout(() => stop(`no answer within ${waitMs} ms`), waitMs)
  const onAbort = () => stop('Hepar stopped it')
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    clearTimeout(timer)
    clearTimeout(killer)
    signal?.removeEventListener('abort', onAbort)
  }
}
