/** One safety, how to take it away, and the test that has to notice. */
export interface Tooth {
  /** What is taken away, in words. */
  readonly takes: string
  readonly file: string
  /** Text that stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  readonly test: string
  /** The beginning of the name of the test that must turn red; its group comes before, as in `a group > a test`. */
  readonly red: string
  /** Without this safety the test does not end: its time limit turning it red counts. */
  readonly hangs?: true
  /** Its loss shows only where a race is lost, which is tried so many times at most. */
  readonly races?: number
}

/** What is the same for several teeth of a row is written once. */
export function teethOf<Shared extends Partial<Tooth>>(
  shared: Shared,
  teeth: readonly (Omit<Tooth, keyof Shared> & Partial<Tooth>)[],
): readonly Tooth[] {
  return teeth.map((tooth) => ({ ...shared, ...tooth }) as unknown as Tooth)
}
