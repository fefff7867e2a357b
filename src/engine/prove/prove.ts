import type { AlertRecord } from '../../domain/alert.ts'
import type { Attempt, CheckResult } from '../../domain/attempt.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook, Probe } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import { leadingAlert, noAlert } from '../match/leading-alert.ts'
import { type RenderedProbe, renderProbe, scopeOf } from '../match/render.ts'
import type { Actions, HttpProbe, OracleAnswer, Sources } from '../ports.ts'

export interface ProvePorts {
  readonly sources: Sources
  readonly actions: Actions
  readonly probeHttp: HttpProbe
}

/** One look at everything that is to be proven, and the alerts that an oracle saw cleared. */
export interface Round {
  readonly checks: readonly CheckResult[]
  /** The incident's alerts as the oracle's answer makes them: resolved, and confirmed. */
  readonly cleared: readonly AlertRecord[]
}

interface Subject {
  readonly attempt: Attempt
  readonly incident: Incident
  readonly playbook: Playbook | null
  readonly alerts: readonly AlertRecord[]
  readonly policy: Policy
}

/** Makes every check of the playbook and the action's own probe, on the target as it is now. Has no effect. */
export async function prove(subject: Subject, ports: ProvePorts): Promise<Round> {
  const probes = subject.playbook?.verify ?? []
  const cleared: AlertRecord[] = []
  const checks = await Promise.all(probes.map((probe) => check(probe, subject, cleared, ports)))
  const action = subject.policy.actions.find(({ name }) => name === subject.attempt.action)
  // Its own probe asks whether the effect did its work, which is over once it is taken back.
  if (action?.hasVerify && subject.attempt.reverts === null) {
    const { plan, effect, intendedAt, effectEndedAt } = subject.attempt
    const times = { intendedAt, effectEndedAt: effectEndedAt ?? intendedAt, effectSeen: effect !== 'unknown' }
    checks.push(await ports.actions.verify({ action, plan, ...times }))
  }
  if (checks.length === 0) checks.push(nothingDeclared(subject.attempt))
  return { checks, cleared }
}

/** A temporary effect claims no healing, so it may be held, and taken back, without proof. */
function nothingDeclared({ holdMs, reverts }: Attempt): CheckResult {
  const passed = holdMs !== null || reverts !== null
  return { check: 'proof', passed, positive: false, detail: 'nothing is declared that could prove anything' }
}

async function check(probe: Probe, subject: Subject, cleared: AlertRecord[], ports: ProvePorts): Promise<CheckResult> {
  const rendered = renderProbe(probe, scopeOf(leadingAlert(subject.alerts) ?? noAlert, subject.policy.config))
  if (!rendered.ok) return failed(probe.kind, true, rendered.reason)
  return rendered.probe.kind === 'promql'
    ? checkPromql(
        rendered.probe.query,
        { alerts: subject.alerts, after: endOf(subject.attempt), moment: 'the effect ended' },
        ports,
      )
    : rendered.probe.kind === 'http'
      ? checkHttp(rendered.probe, ports)
      : checkCleared(subject, cleared, ports)
}

function endOf({ effectEndedAt, intendedAt }: Attempt): number {
  return effectEndedAt ?? intendedAt
}

/** Passes only on samples from after a moment: what was measured before it says nothing about what is now. */
export async function checkPromql(
  query: string,
  {
    alerts,
    after,
    moment,
  }: { readonly alerts: readonly AlertRecord[]; readonly after: number; readonly moment: string },
  { sources }: Pick<ProvePorts, 'sources'>,
): Promise<CheckResult> {
  const source = leadingAlert(alerts)?.source ?? sources.names()[0]
  const name = `promql ${query}`
  if (source === undefined) return failed(name, true, 'no source is configured that could be queried')
  const answer = await sources.query(source, query)
  if (!answer.ok) return failed(name, true, answer.reason)
  if (answer.samples.length === 0) return failed(name, true, 'the result is empty')
  const old = answer.samples.find(({ at }) => at <= after)
  if (old) return failed(name, true, `a sample is from ${new Date(old.at).toISOString()}, before ${moment}`)
  return { check: name, passed: true, positive: true, detail: `${answer.samples.length} fresh samples` }
}

export async function checkHttp(
  { url, status, timeoutMs }: Extract<RenderedProbe, { kind: 'http' }>,
  { probeHttp }: Pick<ProvePorts, 'probeHttp'>,
): Promise<CheckResult> {
  const name = `http ${url}`
  const answer = await probeHttp(url, timeoutMs)
  if (!answer.ok) return failed(name, true, answer.reason)
  return { check: name, passed: answer.status === status, positive: true, detail: `answered ${answer.status}` }
}

/** `alert: cleared`: each alert's rule was loaded, healthy and evaluated after the effect ended, and none is active. */
async function checkCleared(
  { attempt, alerts }: Subject,
  cleared: AlertRecord[],
  { sources }: ProvePorts,
): Promise<CheckResult> {
  const after = endOf(attempt)
  for (const alert of alerts) {
    const reading = readCleared(await sources.ask(alert), after)
    if (!reading.cleared)
      return failed('alert: cleared', false, `${alert.labels.alertname ?? alert.fingerprint}: ${reading.reason}`)
    cleared.push({
      ...alert,
      status: 'resolved',
      resolvedAt: Math.max(alert.resolvedAt ?? 0, reading.evaluatedAt),
      resolvedBy: 'oracle',
      resolvedConfirmed: true,
    })
  }
  return {
    check: 'alert: cleared',
    passed: true,
    positive: false,
    detail: `${alerts.length} alerts cleared by a fresh evaluation`,
  }
}

/** What an oracle's answer says about an alert having cleared after a moment. Pure. */
export function readCleared(
  answer: OracleAnswer,
  after: number,
): { readonly cleared: true; readonly evaluatedAt: number } | { readonly cleared: false; readonly reason: string } {
  if (answer.kind !== 'answered') return { cleared: false, reason: answer.reason }
  if (answer.firing) return { cleared: false, reason: `still active: ${answer.detail}` }
  const { rule } = answer
  if (rule === null) return { cleared: false, reason: 'the source has no Prometheus that could show the rule' }
  if (!rule.loaded) return { cleared: false, reason: 'its rule is not loaded' }
  if (!rule.healthy) return { cleared: false, reason: 'its rule fails to evaluate' }
  if (rule.evaluatedAt === null || rule.evaluatedAt <= after) {
    return { cleared: false, reason: 'its rule has not been evaluated since the effect ended' }
  }
  return { cleared: true, evaluatedAt: rule.evaluatedAt }
}

function failed(check: string, positive: boolean, detail: string): CheckResult {
  return { check, passed: false, positive, detail }
}
