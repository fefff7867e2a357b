import type { Readable } from 'node:stream'

/** What a plugin printed: counted, kept only at its end, never parsed. */
export interface Output {
  /** Begins to count again. */
  reset(): void
  /** The last characters printed on standard error. */
  tail(): string
}

const tailCharsMax = 1_000

/** Counts the bytes of stdout and stderr together and calls `exceeded` when they pass the limit. */
export function watchOutput(
  [stdout, stderr]: readonly [Readable, Readable],
  bytesMax: number,
  exceeded: () => void,
): Output {
  let bytes = 0
  let tail = ''
  let isCut = false

  function count(chunk: Buffer): void {
    bytes += chunk.length
    if (bytes > bytesMax) exceeded()
  }

  stdout.on('data', count)
  stderr.on('data', (chunk: Buffer) => {
    count(chunk)
    const all = tail + chunk.toString('utf8')
    isCut ||= all.length > tailCharsMax
    tail = all.slice(-tailCharsMax)
  })

  return {
    reset: () => {
      bytes = 0
      tail = ''
      isCut = false
    },
    tail: () => (isCut ? wholeLines(tail) : tail),
  }
}

/** Without the first line, of which the beginning is missing: half a secret would not be recognised as one. */
function wholeLines(tail: string): string {
  const newline = tail.indexOf('\n')
  return tail.slice(newline === -1 || newline === tail.length - 1 ? tail.length / 2 : newline + 1)
}
