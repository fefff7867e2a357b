const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

// The alerts of one evaluation begin at one time, so the next text is mostly the one before.
let last: { readonly text: string; readonly at: number | null } = { text: '', at: null }

/** Epoch milliseconds of a strict RFC 3339 time, cut to milliseconds; `null` when it is none or no such day exists. */
export function parseTimestampMs(text: string): number | null {
  if (text !== last.text) last = { text, at: parse(text) }
  return last.at
}

function parse(text: string): number | null {
  const found = shape.exec(text)
  if (!found) return null
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offsetHours = Number(found[9] ?? 0)
  const offsetMinutes = Number(found[10] ?? 0)
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  const milliseconds = Number((found[7] ?? '').padEnd(3, '0').slice(0, 3))
  const localMs = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000
  return found[8] === '-' ? localMs + offsetMs : localMs - offsetMs
}
