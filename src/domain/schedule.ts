/**
 * Stretches of time that come again: each begins where the cron expression (five fields) says, on the clock of the IANA time
 * zone, and lasts `durationMs` as time passes.
 */
export interface Schedule {
  readonly cron: string
  readonly durationMs: number
  readonly timeZone: string
}

/** The longest stretch, in milliseconds. */
export const scheduleDurationMaxMs = 31 * 86_400_000
