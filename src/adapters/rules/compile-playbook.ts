import type { AttemptBudget, Playbook, Probe, Step } from '../../domain/playbook.ts'
import { parseTarget, type TargetKind } from '../../domain/target.ts'
import { compileTemplate, type Template } from '../../domain/template.ts'
import { revisionOf } from '../../engine/digest.ts'
import { type FieldValues, isMap, readFields } from '../../files/read-fields.ts'
import type { Report, SourceFile } from '../../files/source-file.ts'
import { readApproval } from './approval.ts'
import { readCondition } from './conditions.ts'
import type { PlaybookContext } from './context.ts'
import { laterKeys, playbookShape } from './playbook-schema.ts'
import { readProbe } from './probes.ts'
import { readSteps } from './steps.ts'
import { warnOfWeaknesses } from './weaknesses.ts'

const defaultForMs = 10_000
const defaultWithinMs = 120_000
const defaultBudgets: readonly AttemptBudget[] = [
  { count: 3, windowMs: 3_600_000 },
  { count: 7, windowMs: 86_400_000 },
]

/** Compiles one file. Reports every problem; `null` when one of them is an error. */
export async function compilePlaybook(
  source: SourceFile,
  name: string,
  context: PlaybookContext,
  report: Report,
): Promise<Playbook | null> {
  let sound = true
  const watch: Report = (path, message, options) => {
    if (options?.severity !== 'warning') sound = false
    report(path, message, options)
  }
  const fields = readFields(playbookShape, source.value, [], watch, laterKeys)
  if (!fields) return null
  const target = readTarget(fields.target, watch)
  const when = readWhen(source.value, watch)
  const steps = await readSteps(fields.steps ?? [], target?.kind ?? null, context, watch)
  const verify = readVerify(fields.verify, context, watch)
  const approval = readApproval(fields.approval, context, watch)
  checkTimes(fields, watch)
  if (fields.steps)
    warnOfWeaknesses({ ...fields, steps, verify, verifyIsWritten: fields.verify !== undefined }, context, watch)
  if (!sound || !target || !when) return null
  return {
    name,
    file: source.file,
    revision: revisionOf({ name, playbook: source.value }),
    when,
    target: target.template,
    steps: steps as readonly Step[],
    verify: verify as readonly Probe[],
    approval,
    ...settings(fields),
  }
}

type Fields = FieldValues<typeof playbookShape>

function settings(
  fields: Fields,
): Omit<Playbook, 'name' | 'file' | 'revision' | 'when' | 'target' | 'steps' | 'verify' | 'approval'> {
  return {
    summary: fields.summary ?? '',
    priority: fields.priority ?? 0,
    mode: fields.mode ?? 'auto',
    continue: fields.continue ?? false,
    settleMs: fields.settle ?? 0,
    forMs: fields.for ?? defaultForMs,
    withinMs: fields.within ?? defaultWithinMs,
    silence: fields.silence ?? false,
    limits: {
      cooldownMs: fields.limits?.cooldown ?? 300_000,
      attempts: fields.limits?.attempts ?? defaultBudgets,
      maxWaitMs: fields.limits?.maxWait ?? 900_000,
    },
    reopenWithinMs: fields.reopenWithin ?? 600_000,
  }
}

function readWhen(value: unknown, report: Report) {
  if (isMap(value) && Object.hasOwn(value, 'when')) return readCondition(value.when, ['when'], report)
  report(['when'], 'is missing')
  return null
}

function readTarget(text: string | undefined, report: Report): { template: Template; kind: TargetKind } | null {
  if (text === undefined) return null
  const reading = compileTemplate(text)
  const refuse = (reason: string) => {
    report(['target'], reason)
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

function readVerify(
  values: readonly unknown[] | undefined,
  context: PlaybookContext,
  report: Report,
): readonly (Probe | null)[] {
  if (values === undefined) return [{ kind: 'cleared' }]
  return values.map((value, index) => readProbe(value, ['verify', index], context, report))
}

function checkTimes({ for: forMs = defaultForMs, within = defaultWithinMs }: Fields, report: Report): void {
  if (forMs > within) report(['within'], 'is shorter than "for", so nothing could ever be proven healed')
}
