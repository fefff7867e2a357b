import type { AttemptBudget, BlastRadius, Playbook, Probe, Step } from '../../domain/playbook.ts'
import type { Schedule } from '../../domain/schedule.ts'
import { revisionOf } from '../../engine/digest.ts'
import { type FieldValues, isMap, readFields } from '../../files/read-fields.ts'
import { defaultTimeZone } from '../../files/schedule-fields.ts'
import type { Report, SourceFile } from '../../files/source-file.ts'
import { readApproval } from './approval.ts'
import { readBlastRadius } from './blast-radius.ts'
import { readCondition } from './conditions.ts'
import type { PlaybookContext } from './context.ts'
import { readDependsOn } from './depends-on.ts'
import { playbookShape } from './playbook-schema.ts'
import { readProbe } from './probes.ts'
import { readSteps } from './steps.ts'
import { readTarget } from './target-template.ts'
import { warnOfWeaknesses } from './weaknesses.ts'

const defaultForMs = 10_000
const defaultWithinMs = 120_000
const defaultBudgets: readonly AttemptBudget[] = [
  { count: 3, windowMs: 3_600_000 },
  { count: 7, windowMs: 86_400_000 },
]

const defaultRetryAfterMs = 3_600_000
const defaultDemoteAfter = 3
const defaultYieldForMs = 120_000

function demoteAfterOf(written: number | 'never' | undefined): number | null {
  return written === 'never' ? null : (written ?? defaultDemoteAfter)
}

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
  const fields = readFields(playbookShape, source.value, [], watch)
  if (!fields) return null
  const target = fields.target === undefined ? null : readTarget(fields.target, ['target'], watch)
  const dependsOn = readDependsOn(fields.dependsOn, target?.template ?? null, watch)
  const when = readWhen(source.value, watch)
  const steps = await readSteps(fields.steps ?? [], target?.kind ?? null, context, watch)
  const verify = readVerify(fields.verify, context, watch)
  const blastRadius = readBlastRadius(fields.limits?.blastRadius, context, watch)
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
    dependsOn,
    steps: steps as readonly Step[],
    verify: verify as readonly Probe[],
    approval,
    ...settings(fields, blastRadius),
  }
}

type Fields = FieldValues<typeof playbookShape>

function settings(
  fields: Fields,
  blastRadius: BlastRadius | null,
): Omit<Playbook, 'name' | 'file' | 'revision' | 'when' | 'target' | 'dependsOn' | 'steps' | 'verify' | 'approval'> {
  return {
    summary: fields.summary ?? '',
    priority: fields.priority ?? 0,
    mode: fields.mode ?? 'auto',
    continue: fields.continue ?? false,
    settleMs: fields.settle ?? 0,
    order: fields.order ?? 'written',
    forMs: fields.for ?? defaultForMs,
    withinMs: fields.within ?? defaultWithinMs,
    silence: fields.silence ?? false,
    limits: {
      cooldownMs: fields.limits?.cooldown ?? 300_000,
      attempts: fields.limits?.attempts ?? defaultBudgets,
      rate: fields.limits?.rate ?? [],
      maxWaitMs: fields.limits?.maxWait ?? 900_000,
      blastRadius,
      activeHours: activeHoursOf(fields),
      retryAfterMs: fields.limits?.retryAfter ?? defaultRetryAfterMs,
      demoteAfter: demoteAfterOf(fields.limits?.demoteAfter),
      yieldForMs: fields.limits?.yieldFor ?? defaultYieldForMs,
    },
    reopenWithinMs: fields.reopenWithin ?? 600_000,
  }
}

function activeHoursOf({ limits }: Fields): Schedule | null {
  if (!limits?.activeHours) return null
  const { cron, duration, timeZone } = limits.activeHours
  return { cron, durationMs: duration, timeZone: timeZone ?? defaultTimeZone }
}

function readWhen(value: unknown, report: Report) {
  if (isMap(value) && Object.hasOwn(value, 'when')) return readCondition(value.when, ['when'], report)
  report(['when'], 'is missing')
  return null
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
