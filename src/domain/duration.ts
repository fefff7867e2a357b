const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

const shape = /^(?:\d+(?:ms|s|m|h|d|w))+$/

/** Parses a Prometheus-style duration such as `90s` or `1h30m` into milliseconds; `null` when it is none. */
export function parseDurationMs(text: string): number | null {
  if (text === '0') return 0
  if (!shape.test(text)) return null
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * unitsMs[unit as keyof typeof unitsMs]
  }
  return Number.isSafeInteger(totalMs) ? totalMs : null
}

/** The shortest exact text for a duration in milliseconds, such as `1h30m`. */
export function formatDurationMs(ms: number): string {
  if (ms <= 0) return '0s'
  let rest = Math.round(ms)
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / unitsMs[unit])
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * unitsMs[unit]
  }
  return text
}

/** How long something has lasted, to the second: milliseconds tell a person nothing. */
export function formatAgeMs(ms: number): string {
  return formatDurationMs(Math.round(ms / 1_000) * 1_000)
}
