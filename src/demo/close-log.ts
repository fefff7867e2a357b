import { DemoFailure } from './failure.ts'
import type { Hepar } from './hepar.ts'
import { mustBe, type Scene } from './scene.ts'

/** Stops Hepar in order and lets it verify its log, against a checkpoint where there is one; gives what it says. */
export async function closeLog({ tell }: Scene, hepar: Hepar, checkpoint: string | null): Promise<string> {
  mustBe(tell, 'exit code of Hepar, stopped by SIGTERM', String(await hepar.stop()), '0')
  const against = checkpoint === null ? [] : ['--checkpoint', checkpoint]
  const { code, lines } = await hepar.cli('audit', 'verify', '--config', hepar.configFile, ...against)
  const [verdict = ''] = lines
  tell({
    step: 'quote',
    command: `hepar audit verify${checkpoint === null ? '' : ' --checkpoint …'}`,
    lines: [verdict],
  })
  if (code !== 0) throw new DemoFailure(`hepar audit verify ended with ${code}: ${lines.join('\n')}`)
  return verdict
}
