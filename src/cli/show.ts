import { Command } from 'commander'
import type { Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import { formatGates } from './gates.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

export function show(parts: CliParts): Command {
  const command = new Command('show')
    .summary('show one incident: timeline, gates, plan, evidence, why not')
    .description('Shows one incident: why it waits, its gates, plan, evidence, attempts and timeline.')
    .argument('<id>', 'as `hepar incidents` lists it')
  return serverCommand(command, parts, async ({ args, print }, client) => {
    print(await client.get(`/api/v1/incidents/${encodeURIComponent(args[0] as string)}`), format)
  })
}

function format(answer: Fields): string {
  const incident = answer.incident as Fields
  return [
    formatFields({
      incident: incident.id,
      playbook: incident.playbook,
      target: incident.target,
      state: incident.state,
      ending: incident.ending,
      reason: incident.reason,
      opened: incident.openedAt,
      closed: incident.closedAt,
      attempts: incident.attempts,
    }),
    formatWhyNot(answer.whyNot as Fields | null),
    rows(answer, 'gates').length > 0 ? heading('Gates, last time') + formatGates(rows(answer, 'gates')) : '',
    heading('Alerts'),
    formatTable(
      ['SOURCE', 'FINGERPRINT', 'STATUS', 'ALERT', 'SINCE'],
      rows(answer, 'alerts').map((row) => [
        row.source,
        row.fingerprint,
        row.status,
        (row.labels as Fields).alertname,
        row.startsAt,
      ]),
    ),
    ...rows(answer, 'attempts').map(formatAttempt),
    heading(answer.timelineCut === true ? 'Timeline (its beginning)' : 'Timeline'),
    formatTable(['SEQ', 'TIME', 'EVENT', 'BY', 'WHAT'], rows(answer, 'timeline').map(formatEvent)),
  ].join('')
}

function formatWhyNot(waiting: Fields | null): string {
  if (waiting === null || waiting === undefined) return ''
  const { gate, reason, until, unblock } = waiting
  return heading('Why not') + formatFields({ gate, reason, until, unblock })
}

function formatAttempt(attempt: Fields): string {
  const plan = attempt.plan as Fields
  const evidence = Object.entries((plan.evidence ?? {}) as Fields)
  const checks = rows(attempt, 'checks').map((check) => [check.check, check.passed ? 'passed' : 'failed', check.detail])
  return [
    heading(`Attempt ${attempt.id}`),
    formatFields({
      step: Number(attempt.step) + 1,
      action: attempt.action,
      plan: plan.summary,
      digest: attempt.planDigest,
      pin: plan.pin,
      begun: attempt.intendedAt,
      effect: attempt.effect,
      detail: attempt.effectDetail === '' ? null : attempt.effectDetail,
      outcome: attempt.outcome,
    }),
    evidence.length > 0 ? `  evidence\n${indent(formatFields(Object.fromEntries(evidence)))}` : '',
    checks.length > 0 ? `\n${formatTable(['CHECK', 'RESULT', 'SAW'], checks)}` : '',
  ].join('')
}

function formatEvent(event: Fields): readonly unknown[] {
  const body = (event.body ?? {}) as Fields
  const what = body.reason ?? body.summary ?? body.outcome ?? body.effect ?? body.verdict ?? body.ending
  return [event.seq, event.at, event.type, event.actor, what]
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ').trimEnd().concat('\n')
}
