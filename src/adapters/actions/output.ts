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

  function count(chunk: Buffer): void {
    bytes += chunk.length
    if (bytes > bytesMax) exceeded()
  }

  stdout.on('data', count)
  stderr.on('data', (chunk: Buffer) => {
    count(chunk)
    tail = (tail + chunk.subarray(-tailCharsMax).toString('utf8')).slice(-tailCharsMax)
  })

  return {
    reset: () => {
      bytes = 0
      tail = ''
    },
    tail: () => tail,
  }
}
