const redacted = '[redacted]'

const secretKey = /^(?:authorization|password|passwd|token|secret|bearer|api[_-]?key|cookie|credentials?)$/i

const depthMax = 8

/** Replaces what stands under a telling name, at any depth, and cuts what is nested deeper than a log needs. */
export function redactFields(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object') return value
  if (depth >= depthMax) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => redactFields(item, depth + 1))
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    secretKey.test(key) ? redacted : redactFields(member, depth + 1),
  ])
  return Object.fromEntries(entries)
}

/** Replaces known secret values and passwords in URLs wherever they stand in a finished line of JSON. */
export function redactText(line: string, secrets: readonly string[]): string {
  let text = line.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, `$1${redacted}@`)
  for (const secret of secrets) {
    // Very short values would blank out ordinary words.
    if (secret.length < 4) continue
    text = text.replaceAll(JSON.stringify(secret).slice(1, -1), redacted)
  }
  return text
}
