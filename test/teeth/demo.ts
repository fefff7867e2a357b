import { teethOf } from './tooth.ts'

const demo = { test: 'test/e2e/demo.test.ts' }

/** That the demo proves what it says, and leaves nothing behind. */
export const demonstration = [
  ...teethOf(demo, [
    {
      takes: 'that the demo fails when a fact is not as it must be',
      file: 'src/demo/scene.ts',
      find: '  if (!ok) throw new DemoFailure(',
      replace: '  if (fact === "") throw new DemoFailure(',
      red: 'it fails loudly > when a file outside the allow-list goes',
    },
    {
      takes: 'that the demo fails when an incident ends otherwise than it must',
      file: 'src/demo/timeline.ts',
      find: 'if (became === ending) return last',
      replace: "if (became !== '') return last",
      red: 'it fails loudly > when the patient stays ill',
    },
    {
      takes: 'that the demo removes its folder',
      file: 'src/demo/main.ts',
      find: 'if (!keep) rmSync(',
      replace: 'if (stop === null) rmSync(',
      red: 'ctrl-C ends everything at once',
    },
    {
      takes: 'that ctrl-C ends the demo in order',
      file: 'src/demo/main.ts',
      find: 'process.on(name, () => stop.abort(name))',
      replace: 'process.off(name, () => stop.abort(name))',
      red: 'ctrl-C ends everything at once',
    },
    {
      takes: 'that what the demo started dies with it',
      file: 'src/demo/program.ts',
      find: '.find((file) => existsSync(file))',
      replace: '.find((file) => !existsSync(file) && file === null)',
      red: 'when the demo itself is killed',
    },
    {
      takes: 'that the demo is not led astray by the settings of its viewer',
      file: 'src/demo/program.ts',
      find: 'env: { PATH: searchPath(), HOME: folder',
      replace: 'env: { ...process.env, PATH: searchPath(), HOME: folder',
      red: 'with nothing but Node on the PATH',
    },
  ]),
  ...teethOf({ test: 'test/demo/steps.test.ts', file: 'src/demo/steps.ts' }, [
    {
      takes: "that text from a label cannot steer the terminal of the demo's viewer",
      find: "${styleText('cyan', step.type.padEnd(20))} ${visible(step.words)}`",
      replace: "${styleText('cyan', step.type.padEnd(20))} ${step.words}`",
      red: 'people read a line with the seconds, in which no text from outside steers the terminal',
    },
  ]),
  ...teethOf({ test: 'test/demo/image.test.ts', file: 'src/demo/live/image.ts' }, [
    {
      takes: "that a demo removes no image of another one's",
      find: "randomBytes(3).toString('hex')] as const",
      replace: "'latest'] as const",
      red: 'two demos at once on one engine have an image each',
    },
  ]),
]
