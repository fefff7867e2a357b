import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Delivery } from './delivery.ts'
import { DemoFailure } from './failure.ts'
import type { Fields, Hepar } from './hepar.ts'
import type { Patient } from './patient.ts'
import type { Scene } from './scene.ts'
import type { Timeline } from './timeline.ts'

/** Who plays in the quick demo. */
export interface Cast {
  readonly scene: Scene
  readonly patient: Patient
  readonly hepar: Hepar
  readonly timeline: Timeline
}

/** Tells what somebody outside Hepar does or says. */
export function note({ tell }: Pick<Scene, 'tell'>, by: string, text: string): void {
  tell({ step: 'note', by, text })
}

/** Posts the delivery and gives the one decision about it. */
export async function deliver({ scene, hepar }: Pick<Cast, 'scene' | 'hepar'>, delivery: Delivery): Promise<string> {
  const { status, answer } = await hepar.deliver(delivery)
  const [one] = (answer.decisions ?? []) as readonly Fields[]
  if (status !== 200 || one === undefined) throw new DemoFailure(`Hepar answered ${status}: ${JSON.stringify(answer)}`)
  note(scene, 'alert', `POST /webhook/alertmanager: ${status}, ${one.decision}: ${one.reason}`)
  return String(one.decision)
}

/** Lets a command of Hepar speak, and tells those of its lines that begin with these words, each once. */
export async function quote(
  { scene, hepar }: Pick<Cast, 'scene' | 'hepar'>,
  args: readonly string[],
  words: readonly string[],
): Promise<string> {
  const { code, lines } = await hepar.cli(...args)
  const spoken = words.flatMap(
    (word) => lines.find((line) => line.startsWith(word))?.replace(/^(\w+) {2,}/, named) ?? [],
  )
  scene.tell({ step: 'quote', command: ['hepar', ...args].join(' '), lines: spoken })
  if (code === 0 && spoken.length > 0) return spoken.join('\n')
  throw new DemoFailure(`hepar ${args.join(' ')} ended with ${code}:\n${lines.join('\n')}`)
}

/** The fields of a command stand in several tables of several widths. */
function named(_: string, name: string): string {
  return `${name.padEnd(9)} `
}

/** Keeps a body where `hepar explain` can read it; gives the file's name in Hepar's folder. */
export function saveDelivery({ hepar }: Pick<Cast, 'hepar'>, name: string, { body }: Delivery): string {
  writeFileSync(join(hepar.home, name), `${JSON.stringify(body, null, 2)}\n`)
  return name
}
