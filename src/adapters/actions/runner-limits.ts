/** Bounds of runners that no configuration changes. */
export const runnerLimits = {
  /** From spawn until the SDK is loaded. */
  startupMs: 15_000,
  /** For importing and describing one plugin. */
  describeMs: 10_000,
  /** Between the abort signal and SIGKILL. */
  abortGraceMs: 500,
  /** How long a runner that lost Hepar leaves it to its watcher to end it. */
  watcherAheadMs: 1_000,
  readerIdleMs: 30_000,
  readersPerActionMax: 4,
  memoryEveryMs: 100,
  /** JSON text of one answer. */
  answerBytesMax: 256 * 1024,
  reasonCharsMax: 500,
  /** Node reserves about 600 MiB of writable address space before it has done anything. */
  addressSpareBytes: 1024 * 1024 * 1024,
} as const
