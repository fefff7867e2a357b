import { Command } from 'commander'
import type { Client, Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import { eventWords } from './event-words.ts'
import { formatEvidence } from './evidence.ts'
import { CliError } from './failure.ts'
import { formatGates } from './gates.ts'
import { formatLadder } from './ladder.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

export function show(parts: CliParts): Command {
  const command = new Command('show')
    .summary('show one incident: timeline, gates, plan, evidence, why not')
    .description('Shows one incident: why it waits, its gates, plan, evidence, attempts and timeline.')
    .argument('[id]', 'as `hepar incidents` lists it; without one, the newest')
  return serverCommand(command, parts, async ({ args, print }, client) => {
    const id = args[0] ?? (await newest(client))
    print(await client.get(`/api/v1/incidents/${encodeURIComponent(id)}`), format)
  })
}

async function newest(client: Client): Promise<string> {
  const [incident] = rows(await client.get('/api/v1/incidents', { limit: 1 }), 'incidents')
  if (incident !== undefined) return String(incident.id)
  throw new CliError('there is no incident yet', 'See with `hepar alerts` what became of the alerts that came in.')
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
      illSince: incident.illSince,
      opened: incident.openedAt,
      closed: incident.closedAt,
      heldUntil: incident.holdUntil,
      attempts: incident.attempts,
    }),
    formatWhyNot(answer.whyNot as Fields | null, rows(answer, 'timeline')),
    formatApproval(answer.approval as Fields | null | undefined),
    formatLadder(answer.ladder as Fields | null),
    rows(answer, 'gates').length > 0 ? heading('Gates, last time') + formatGates(rows(answer, 'gates')) : '',
    rows(answer, 'alerts').length > 0 ? heading('Alerts') + formatAlerts(rows(answer, 'alerts')) : '',
    ...rows(answer, 'attempts').map(formatAttempt),
    heading(answer.timelineCut === true ? 'Timeline (its end)' : 'Timeline'),
    formatTable(['SEQ', 'TIME', 'EVENT', 'BY', 'WHAT'], rows(answer, 'timeline').map(formatEvent)),
  ].join('')
}

function formatWhyNot(waiting: Fields | null, timeline: readonly Fields[]): string {
  if (waiting === null || waiting === undefined) return ''
  const { gate, reason, until, unblock } = waiting
  const planned = timeline.findLast(({ type }) => type === 'incident.would_run')
  const would = gate === 'mode' ? (planned?.body as Fields | undefined)?.summary : null
  return heading('Why not') + formatFields({ gate, reason, until, unblock, would })
}

/** What is asked, and how to decide it; or how the last one ended. */
function formatApproval(approval: Fields | null | undefined): string {
  if (!approval) return ''
  const { state, incident, planDigest, decidedBy, reason, expiresAt, needed, pastSuccess } = approval
  const { summary, pin, params, touches, evidence = {} } = approval.plan as Fields
  const pending = state === 'pending'
  const command = `${incident} --plan ${planDigest} --ask ${approval.id} --reason "…"`
  const seen = pending ? formatEvidence(evidence as Fields) : ''
  const blast = rows(approval, 'gates').find(({ gate }) => gate === 'blast_radius')
  return [
    heading('Approval'),
    formatFields({
      state,
      plan: summary,
      pin,
      params,
      touches,
      digest: planDigest,
      attempt: approval.attempt,
      pastSuccess: pending ? (pastSuccess ?? 'this step was not tried yet') : pastSuccess,
      blastRadius: blast?.result === 'not_applicable' ? null : blast?.reason,
      needed: needed === 1 ? null : `${needed} people`,
      approvedBy: rows(approval, 'endorsements')
        .map(({ by }) => by)
        .join(', '),
      decidedBy,
      reason: reason === '' ? null : reason,
      expires: pending || state === 'approved' ? expiresAt : null,
      approve: pending ? `hepar approve ${command}` : null,
      reject: pending ? `hepar reject ${command}` : null,
    }),
    seen === '' ? '' : `  evidence\n${seen}`,
  ].join('')
}

function formatAlerts(alerts: readonly Fields[]): string {
  return formatTable(
    ['SOURCE', 'FINGERPRINT', 'STATUS', 'ALERT', 'SINCE'],
    alerts.map((row) => [row.source, row.fingerprint, row.status, (row.labels as Fields).alertname, row.startsAt]),
  )
}

function formatAttempt(attempt: Fields): string {
  const plan = attempt.plan as Fields
  const proving = attempt.phase === 'verifying'
  const evidence = formatEvidence((plan.evidence ?? {}) as Fields)
  const checks = rows(attempt, 'checks').map((check) => [check.check, check.passed ? 'passed' : 'failed', check.detail])
  return [
    heading(`Attempt ${attempt.id}`),
    formatFields({
      step: Number(attempt.step) + 1,
      action: attempt.action,
      takesBack: attempt.reverts,
      temporary: attempt.holdMs === null ? null : attempt.inForce ? 'in force' : 'no longer in force',
      plan: plan.summary,
      digest: attempt.planDigest,
      pin: plan.pin,
      begun: attempt.intendedAt,
      wellBefore: wellBefore(attempt),
      effect: attempt.effect,
      detail: attempt.effectDetail === '' ? null : attempt.effectDetail,
      outcome: attempt.outcome,
      heldSince: proving ? attempt.heldSince : null,
      proofUntil: proving ? attempt.verifyUntil : null,
    }),
    // That of a revert is what its effect was planned with.
    evidence !== '' && attempt.reverts === null ? `  evidence\n${evidence}` : '',
    checks.length > 0 ? `\n${formatTable(['CHECK', 'RESULT', 'SAW'], checks)}` : '',
  ].join('')
}

/** Whether the probes passed before anything was done: then the effect may have been for nothing. */
function wellBefore({ before }: Fields): string | null {
  if (!Array.isArray(before) || before.length === 0) return null
  const failed = (before as readonly Fields[]).filter(({ passed }) => passed !== true)
  return failed.length === 0 ? 'yes: every probe passed already' : 'no'
}

function formatEvent(event: Fields): readonly unknown[] {
  return [event.seq, event.at, event.type, event.actor, eventWords(event)]
}
