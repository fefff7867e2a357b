import type { ActionInfo } from './action.ts'
import type { Config } from './config.ts'
import type { Incident } from './incident.ts'
import { manualPlaybook } from './manual-playbook.ts'
import type { Playbook } from './playbook.ts'

/** Everything that decides, loaded whole and swapped whole. Frozen. */
export interface Policy {
  /** 16 hex digits of a SHA-256 over playbooks, action files, ceiling, sources, hosts and what may be touched. */
  readonly revision: string
  readonly loadedAt: number
  readonly config: Config
  /** In matching order: priority descending, then name. */
  readonly playbooks: readonly Playbook[]
  readonly actions: readonly ActionInfo[]
}

/** The playbook in force for an incident, or `null` when its file is gone. */
export function playbookOf(incident: Incident, policy: Policy): Playbook | null {
  if (incident.manual) return manualPlaybook(incident)
  return policy.playbooks.find(({ name }) => name === incident.playbook) ?? null
}

/** A problem in a file a user wrote. `line` and `column` start at 1; 0 means the file as a whole. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** `file:line:column: severity: message`, the form editors jump to. */
export function formatProblem({ severity, file, line, column, message }: Problem): string {
  const position = line > 0 ? `:${line}:${column}` : ''
  return `${file}${position}: ${severity}: ${message}`
}
