import type { Attempt } from '../../domain/attempt.ts'
import type { LeftAlone } from '../../domain/left-alone.ts'
import type { AttemptBudget } from '../../domain/playbook.ts'

/** Attempts begun in a budget's window, and when the oldest of them leaves it (epoch milliseconds). */
export interface BudgetWindow extends AttemptBudget {
  readonly used: number
  readonly oldestAt: number | null
}

/** What of an attempt says whose illness it may have caused. Times are epoch milliseconds. */
export type PastEffect = Pick<Attempt, 'id' | 'playbook' | 'target' | 'illSince' | 'intendedAt' | 'concludedAt'>

/** What the counting gates need, read inside the transaction that commits the intent. */
export interface AttemptHistory {
  readonly windows: readonly BudgetWindow[]
  /** When the latest attempt of this playbook on this target ended, or `null`. */
  readonly lastEndedAt: number | null
}

/** What the store counts for the gates. */
export interface CountingReads {
  /** Reverts are not counted: they end what was counted already. */
  attemptHistory(
    playbook: string,
    target: string,
    budgets: readonly AttemptBudget[],
    now: number,
  ): Promise<AttemptHistory>
  /** Attempts begun in these windows, of one playbook or (`null`) of all; reverts are not counted, nor what was called off. */
  attemptsBegun(
    playbook: string | null,
    budgets: readonly AttemptBudget[],
    now: number,
  ): Promise<readonly BudgetWindow[]>
  /** The same on one target, without what a person has pardoned. */
  actionsOn(target: string, budgets: readonly AttemptBudget[], now: number): Promise<readonly BudgetWindow[]>
  /** Effects begun after this moment, reverts too, newest first; without what was called off or a person has pardoned. */
  effectsSince(since: number, limit: number): Promise<readonly PastEffect[]>
  /** Also what is over by now. */
  leftAlone(target: string): Promise<readonly LeftAlone[]>
}
