import type { Json } from '../../domain/json.ts'
import type { Step, TemplatedValue } from '../../domain/playbook.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import type { TargetKind } from '../../domain/target.ts'
import { compileTemplate } from '../../domain/template.ts'
import { unknownKeyWords } from '../../files/fields.ts'
import { isMap, readFields } from '../../files/read-fields.ts'
import type { Path, Report } from '../../files/source-file.ts'
import type { PlaybookContext } from './context.ts'
import { actionStepShape, escalateStepShape } from './playbook-schema.ts'

/** Reads the ladder. `targetKind` is `null` when the target itself has problems. */
export async function readSteps(
  values: readonly unknown[],
  targetKind: TargetKind | null,
  context: PlaybookContext,
  report: Report,
): Promise<readonly (Step | null)[]> {
  const steps: (Step | null)[] = []
  for (const [index, value] of values.entries()) {
    steps.push(await readStep(value, ['steps', index], targetKind, context, report))
  }
  const handOver = values.findIndex((value) => isMap(value) && Object.hasOwn(value, 'escalate'))
  if (handOver !== -1 && handOver < values.length - 1) {
    const message = 'is never reached: after "escalate" a human has the incident'
    report(['steps', handOver + 1], message, { severity: 'warning' })
  }
  return steps
}

async function readStep(
  value: unknown,
  path: Path,
  targetKind: TargetKind | null,
  context: PlaybookContext,
  report: Report,
): Promise<Step | null> {
  if (isMap(value) && Object.hasOwn(value, 'escalate')) return readEscalation(value, path, context, report)
  if (!isMap(value) || Object.hasOwn(value, 'action')) return readAction(value, path, targetKind, context, report)
  const known = [...Object.keys(actionStepShape), ...Object.keys(escalateStepShape)]
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) report([...path, key], unknownKeyWords(key, known), { at: 'key' })
  }
  report(path, 'a step needs "action" or "escalate"')
  return null
}

function readEscalation(value: unknown, path: Path, context: PlaybookContext, report: Report): Step | null {
  const channel = readFields(escalateStepShape, value, path, report)?.escalate
  if (channel === undefined) return null
  const names = context.config.notify?.map(({ name }) => name)
  if (names === undefined || names.includes(channel)) return { kind: 'escalate', channel }
  const next = names.length === 0 ? ': the configuration has none under notify' : didYouMean(channel, names)
  report([...path, 'escalate'], `unknown channel "${channel}"${next}`)
  return null
}

async function readAction(
  value: unknown,
  path: Path,
  targetKind: TargetKind | null,
  context: PlaybookContext,
  report: Report,
): Promise<Step | null> {
  const fields = readFields(actionStepShape, value, path, report)
  if (!fields) return null
  const compiled = compileValue((fields.with ?? {}) as Json, [...path, 'with'], report)
  const info = readActionName(fields.action, path, targetKind, context, report)
  if (info && compiled) await checkParams(info, fields.with ?? {}, path, context, report)
  if (info && fields.hold !== undefined) checkHold(info, path, context, report)
  if (!info || !compiled) return null
  const on = fields.on
  return {
    kind: 'action',
    action: info,
    with: compiled,
    timeoutMs: fields.timeout ?? 60_000,
    holdMs: fields.hold ?? null,
    on: { ineffective: on?.ineffective ?? 'next', failed: on?.failed ?? 'next', unknown: on?.unknown ?? 'escalate' },
  }
}

/** The name if the action exists and acts on this kind of target. */
function readActionName(
  name: string | undefined,
  path: Path,
  targetKind: TargetKind | null,
  { actions, broken }: PlaybookContext,
  report: Report,
): string | null {
  if (name === undefined) return null
  const info = actions.find((action) => action.name === name)
  if (!info) {
    const known = actions.map((action) => action.name)
    const fault = broken?.find((action) => action.name === name)
    if (fault) report([...path, 'action'], `the action "${name}" cannot be used: ${fault.reason} (${fault.file})`)
    else report([...path, 'action'], `unknown action "${name}"${didYouMean(name, known)}`)
    return null
  }
  if (targetKind !== null && info.kind !== targetKind) {
    report([...path, 'action'], `"${name}" acts on a ${info.kind}, but the target is a ${targetKind}`)
    return null
  }
  return name
}

/** Only what can be taken back can be held for a while. */
function checkHold(action: string, path: Path, { actions }: PlaybookContext, report: Report): void {
  if (actions.some(({ name, hasRevert }) => name === action && hasRevert)) return
  report([...path, 'hold'], `"${action}" cannot take its effect back, so its effect cannot be held for a while only`)
}

async function checkParams(
  action: string,
  params: unknown,
  path: Path,
  context: PlaybookContext,
  report: Report,
): Promise<void> {
  const problems = await context.checkParams(action, params, templatedPaths(params as Json))
  for (const problem of problems) report([...path, 'with', ...problem.path], problem.message)
}

/** Paths of the texts with placeholders, whose values only an alert brings. */
function templatedPaths(value: Json, path: readonly string[] = []): string[][] {
  if (typeof value === 'string') return value.includes('{{') ? [[...path]] : []
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, member]) => templatedPaths(member as Json, [...path, key]))
}

function compileValue(value: Json, path: Path, report: Report): TemplatedValue | null {
  if (typeof value === 'string') {
    const reading = compileTemplate(value)
    if (!reading.ok) report(path, reading.reason)
    if (!reading.ok) return null
    const isTemplate = reading.template.some((part) => typeof part !== 'string')
    return isTemplate ? { kind: 'template', template: reading.template } : { kind: 'literal', value }
  }
  if (value === null || typeof value !== 'object') return { kind: 'literal', value }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileValue(item, [...path, index], report))
    return items.includes(null) ? null : { kind: 'list', items: items as TemplatedValue[] }
  }
  const entries = Object.entries(value).map(([key, member]) => {
    return [key, compileValue(member as Json, [...path, key], report)] as const
  })
  if (entries.some(([, member]) => member === null)) return null
  return { kind: 'map', entries: entries as (readonly [string, TemplatedValue])[] }
}
