/** Parses `$.name`, `$["a-name"]` and chains of them into keys; `null` when it is no such path. */
export function parseFactPath(path: string): readonly string[] | null {
  if (!path.startsWith('$')) return null
  const keys: string[] = []
  const segment = /\.([A-Za-z_][\w-]*)|\[(?:"([^"\\]+)"|'([^'\\]+)')\]/y
  segment.lastIndex = 1
  while (segment.lastIndex < path.length) {
    const found = segment.exec(path)
    if (!found) return null
    keys.push(found[1] ?? found[2] ?? found[3] ?? '')
  }
  return keys.length > 0 ? keys : null
}

/** Walks own properties only, so that no path reaches a prototype. */
export function walkFact(value: unknown, keys: readonly string[]): unknown {
  let at = value
  for (const key of keys) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}
