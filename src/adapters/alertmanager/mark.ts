/** How a silence that a Hepar set is told from all others. */
export interface Marked {
  readonly createdBy: string
  readonly comment: string
}

/** The mark of a silence for one attempt, with words for the people who find it. */
export function markOf({ attempt, target }: { readonly attempt: string; readonly target: string }): Marked {
  return { createdBy: 'hepar', comment: `Hepar is healing ${target} (attempt ${attempt})` }
}

/** The attempt for which a silence was set, or `null` where it bears no mark. */
export function markedAttempt({ createdBy, comment }: Marked): string | null {
  return createdBy === 'hepar' ? (/ \(attempt ([0-9a-f-]{36})\)$/.exec(comment)?.[1] ?? null) : null
}
