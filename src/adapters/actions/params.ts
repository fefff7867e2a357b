import type { ActionInfo } from '../../domain/action.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import type { Reply } from './dialogue.ts'
import type { ParamIssue } from './messages.ts'

/** Where a parameter is, from the outside in. */
export type ParamPath = readonly (string | number)[]

/** What is wrong with one parameter. The path of an unknown parameter ends in its name. */
export interface ParamProblem {
  readonly path: ParamPath
  readonly message: string
}

/** Reads the answer to a check, without what only the rendered value of a template can tell. */
export function problemsOf(action: ActionInfo, reply: Reply, templated: readonly ParamPath[]): readonly ParamProblem[] {
  if (reply.kind === 'lost') return [{ path: [], message: `${action.name} cannot check parameters: ${reply.reason}` }]
  const { answer } = reply
  if (answer.kind === 'value') return []
  if (answer.kind === 'invalid_params') {
    return answer.issues
      .filter((issue) => !isTemplated(issue, templated))
      .map((issue) => ({ path: issue.path, message: issue.message + suggestion(issue, action) }))
  }
  return [
    {
      path: [],
      message: `${action.name} cannot check parameters: ${'reason' in answer ? answer.reason : answer.kind}`,
    },
  ]
}

/** All issues in one sentence, for parameters that were rendered. */
export function describeIssues(issues: readonly ParamIssue[]): string {
  const parts = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return `wrong parameters: ${parts.join('; ').slice(0, 1_000)}`
}

/** Only an unknown parameter has a longer path than the place it was found at. */
function suggestion({ at, path }: ParamIssue, { paramsSchema }: ActionInfo): string {
  if (at.length > 0 || path.length === 0) return ''
  return didYouMean(String(path[0]), Object.keys(paramsSchema.properties ?? {}))
}

function isTemplated({ at, wide }: ParamIssue, templated: readonly ParamPath[]): boolean {
  return templated.some((path) => startsWith(at, path) || (wide && startsWith(path, at)))
}

function startsWith(path: ParamPath, start: ParamPath): boolean {
  return start.every((part, index) => String(path[index]) === String(part))
}
