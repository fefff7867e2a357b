/**
 * What `run` throws when it did nothing because the target is no longer what was planned: the attempt is called off, and another is planned
 * on the target as it is now, through all gates. Recognised by its `code`.
 */
export function notStarted(message: string): Error & { readonly code: 'not_started' } {
  return Object.assign(new Error(message), { code: 'not_started' as const })
}
