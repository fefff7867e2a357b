const units = { B: 1, kB: 1e3, KB: 1e3, KiB: 2 ** 10, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30 } as const

/** Parses a size such as `16MiB` or `500kB` into bytes; `null` when it is none. */
export function parseBytes(text: string): number | null {
  const found = /^(\d{1,12})\s?(B|kB|KB|KiB|MB|MiB|GB|GiB)$/.exec(text)
  if (!found) return null
  const bytes = Number(found[1]) * units[found[2] as keyof typeof units]
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** A size for people, such as `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const exponent = Math.min(4, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10))
  const amount = bytes / 1024 ** exponent
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][exponent]}`
}
