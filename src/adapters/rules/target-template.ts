import { parseTarget, type TargetKind } from '../../domain/target.ts'
import { compileTemplate, type Template } from '../../domain/template.ts'
import type { Path, Report } from '../../files/source-file.ts'

/** Compiles the template of a target; reports at `path` why it cannot be one. */
export function readTarget(
  text: string,
  path: Path,
  report: Report,
): { readonly template: Template; readonly kind: TargetKind } | null {
  const reading = compileTemplate(text)
  const refuse = (reason: string) => {
    report(path, reason)
    return null
  }
  if (!reading.ok) return refuse(reading.reason)
  const literal = reading.template.filter((part) => typeof part === 'string').join('')
  if (/[{}]/.test(literal)) return refuse('has a brace outside a placeholder: write {{ labels.name }}')
  if (/[\s\p{Cc}]/u.test(literal)) return refuse('contains white space')
  const first = reading.template[0]
  if (typeof first !== 'string' || !first.includes('/')) {
    return refuse('must begin with the kind of target, such as container/')
  }
  const sample = parseTarget(reading.template.map((part) => (typeof part === 'string' ? part : 'x')).join(''))
  return sample.ok ? { template: reading.template, kind: sample.target.kind } : refuse(sample.reason)
}
