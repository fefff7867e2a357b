import type { AlertRecord } from '../../domain/alert.ts'
import type { Config } from '../../domain/config.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook } from '../../domain/playbook.ts'
import { renderTarget } from '../match/render.ts'
import type { Reads } from '../ports.ts'

/** What a target depends on, and the open incidents there; `ok: false` when a template cannot be filled. */
export type Dependencies =
  | { readonly ok: true; readonly targets: readonly string[]; readonly open: readonly Incident[] }
  | { readonly ok: false; readonly reason: string }

/** Reads what the gate `dependencies` needs. `alert` fills the templates, as it fills those of the step. */
export async function readDependencies(
  read: Pick<Reads, 'openIncidentsOn'>,
  { dependsOn }: Pick<Playbook, 'dependsOn'>,
  alert: Pick<AlertRecord, 'labels' | 'annotations'>,
  config: Pick<Config, 'docker'>,
): Promise<Dependencies> {
  const targets: string[] = []
  for (const target of dependsOn) {
    const rendering = renderTarget({ target }, alert, config)
    if (!rendering.ok) return rendering
    targets.push(rendering.target)
  }
  return { ok: true, targets, open: targets.length === 0 ? [] : await read.openIncidentsOn(targets) }
}
