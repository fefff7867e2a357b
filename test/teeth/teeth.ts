/** One safety, how to take it away, and the test that has to notice. */
export interface Tooth {
  /** What is taken away, in words. */
  readonly takes: string
  readonly file: string
  /** Text that stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The test file, and the name (or the beginning of it) of the test that must turn red. */
  readonly test: string
  readonly red: string
}

const gateTest = 'test/engine/gates/gates.test.ts'

export const teeth: readonly Tooth[] = [
  {
    takes: 'the stop switch',
    file: 'src/engine/gates/evaluate.ts',
    find: '[stopSwitch, mode,',
    replace: '[mode,',
    test: gateTest,
    red: 'each gate blocks stop_switch',
  },
]
