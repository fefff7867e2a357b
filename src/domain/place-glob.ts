import { matchesGlob } from './glob.ts'

/**
 * Matches a glob over `<place>/<name>`: `*` stands for any run of characters except `/`, `?` for one of them.
 * A glob without a slash speaks of the name alone, wherever it is.
 */
export function matchesPlace(glob: string, place: string, name: string): boolean {
  return matchesGlob(glob, glob.includes('/') ? `${place}/${name}` : name, '/')
}
