import type { FoundFile } from './find-files.ts'
import { printable } from './printable.ts'

const limits = { largestShown: 5, foldersMax: 10_000, nameCharsMax: 200 } as const

export type NamedFile = { readonly name: string; readonly bytes: number }

/** Counts files and keeps the names of the largest. */
export function createLargest() {
  let [files, bytes] = [0, 0]
  const largest: NamedFile[] = []
  return {
    see(file: FoundFile) {
      files += 1
      bytes += file.bytes
      if (largest.length === limits.largestShown && file.bytes <= (largest.at(-1)?.bytes ?? 0)) return
      largest.push({ name: printable(file.name(), limits.nameCharsMax), bytes: file.bytes })
      largest.sort((a, b) => b.bytes - a.bytes).splice(limits.largestShown)
    },
    sum: () => ({ files, bytes, largest }),
  }
}

/** Sums up what lies in each folder of the first level, and keeps the names of the largest. */
export function createFolders() {
  const bytes = new Map<string, number>()
  return {
    see(file: FoundFile) {
      const folder = file.folder() ?? '.'
      const before = bytes.get(folder)
      if (before !== undefined || bytes.size < limits.foldersMax) bytes.set(folder, (before ?? 0) + file.bytes)
    },
    largest(): readonly NamedFile[] {
      const all = [...bytes].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes)
      return all
        .slice(0, limits.largestShown)
        .map(({ name, bytes }) => ({ name: printable(name, limits.nameCharsMax), bytes }))
    },
  }
}
