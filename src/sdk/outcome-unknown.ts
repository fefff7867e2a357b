/**
 * What `run` throws when the effect was begun and nobody knows how it ended: such an attempt is never tried again by
 * itself, where a failed one may be. Recognised by its `code`.
 */
export function outcomeUnknown(message: string, cause?: unknown): Error & { readonly code: 'outcome_unknown' } {
  return Object.assign(new Error(message, { cause }), { code: 'outcome_unknown' as const })
}
