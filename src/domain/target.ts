export const targetKinds = ['container', 'redis', 'path', 'service'] as const
export type TargetKind = (typeof targetKinds)[number]

/** What is acted on, with its place. `place` is a host name for containers and paths, absent otherwise; a path's name is absolute. */
export interface Target {
  readonly kind: TargetKind
  readonly place: string | null
  readonly name: string
}

const placed: Record<TargetKind, boolean> = { container: true, path: true, redis: false, service: false }

/** Written form, unique per target: `container/<host>/<name>`, `redis/<name>`, … */
export function formatTarget({ kind, place, name }: Target): string {
  return place === null ? `${kind}/${name}` : `${kind}/${place}/${name.replace(/^\//, '')}`
}

export type TargetReading =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads the written form. Only a `path` name may contain slashes; every part must be non-empty and printable. A path has one
 * meaning however many slashes it is written with, so that it also has one lock.
 */
export function parseTarget(text: string): TargetReading {
  const [kind, ...rest] = text.split('/')
  if (rest.length === 0)
    return { ok: false, reason: `target "${text}" has no kind: write it as in container/local/web` }
  if (!isTargetKind(kind)) return { ok: false, reason: `target kind "${kind}" is not one of ${targetKinds.join(', ')}` }
  const place = placed[kind] ? (rest.shift() ?? '') : null
  const name = kind === 'path' ? absolute(rest) : rest.join('/')
  if (place === '') return { ok: false, reason: `target "${text}" names no host` }
  if (name === '') return { ok: false, reason: `target "${text}" names no ${kind}` }
  if (kind !== 'path' && name.includes('/')) return { ok: false, reason: `target "${text}" has too many parts` }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) return { ok: false, reason: 'target contains control characters' }
  if (kind === 'path' && rest.some((part) => part === '.' || part === '..')) {
    return { ok: false, reason: `target "${text}" has . or .. in its path` }
  }
  if (text.length > 512) return { ok: false, reason: 'target is longer than 512 characters' }
  return { ok: true, target: { kind, place, name } }
}

/** Empty when no part is left. */
function absolute(parts: readonly string[]): string {
  return parts.flatMap((part) => (part === '' ? [] : [`/${part}`])).join('')
}

function isTargetKind(text: string | undefined): text is TargetKind {
  return targetKinds.includes(text as TargetKind)
}
