export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** JSON with sorted keys and no white space: equal values give equal text, so digests can be compared. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== 'object')) return JSON.stringify(value)
    return `[${value.map(canonicalJson).join(',')}]`
  }
  const members = value as Record<string, unknown>
  const keys = Object.keys(members)
  if (isFlatAndSorted(members, keys)) return JSON.stringify(members)
  const parts: string[] = []
  for (const key of keys.sort()) {
    const member = members[key]
    if (member !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(member)}`)
  }
  return `{${parts.join(',')}}`
}

/** Such an object is in canonical form already, which spares it the way key by key. */
function isFlatAndSorted(members: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  for (const [index, key] of keys.entries()) {
    if (index > 0 && key < (keys[index - 1] as string)) return false
    const member = members[key]
    if (member !== null && typeof member === 'object') return false
  }
  return true
}
