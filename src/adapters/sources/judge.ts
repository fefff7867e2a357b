import type { Labels } from '../../domain/alert.ts'
import type { OracleAnswer } from '../../engine/ports.ts'
import type { AlertView } from '../alertmanager/alerts.ts'
import type { SilenceView } from '../alertmanager/silences.ts'
import type { RuleView } from '../prometheus/rules.ts'
import { mayBeSameAlert, type Rewritten, sameLabels } from '../prometheus/same-alert.ts'

/** What the oracles of one source said about one alert. `null` where the configuration names none. */
export interface Testimony {
  readonly prometheus: { readonly rules: readonly RuleView[]; readonly rewritten: Rewritten } | null
  readonly alertmanagers: {
    readonly answered: readonly {
      readonly alerts: readonly AlertView[]
      readonly silences: readonly SilenceView[]
      readonly marks: ReadonlyMap<string, string>
    }[]
    /** Reasons of those that did not answer. */
    readonly away: readonly string[]
  } | null
}

type AskedAlert = { readonly labels: Labels; readonly fingerprint: string }

/** Draws one answer from what was said; in doubt the alert still fires, is silenced, or cannot be judged. Pure. */
export function judge(alert: AskedAlert, { prometheus, alertmanagers }: Testimony): OracleAnswer {
  const evaluated = prometheus && evaluatedAlerts(alert.labels, prometheus)
  const known = alertmanagers?.answered.flatMap(({ alerts }) => alerts.filter((one) => isThis(alert, one))) ?? []
  if (alertmanagers && known.length === 0) {
    const problem = problemOfUnknown(evaluated, alertmanagers.away)
    if (problem !== null) return { kind: 'unavailable', reason: problem }
  }
  const silences = alertmanagers?.answered.flatMap((one) => one.silences) ?? []
  const covering = silences.filter((one) => one.covers(alert.labels)).map(({ id }) => id)
  const ids = [...new Set([...known.flatMap((one) => one.silencedBy), ...covering])]
  const marks = new Map(alertmanagers?.answered.flatMap((one) => [...one.marks]))
  return {
    kind: 'answered',
    firing: known.length > 0 || (evaluated?.length ?? 0) > 0,
    silencedBy: ids.filter((id) => !marks.has(id)),
    healingSilences: ids.flatMap((id) => {
      const attempt = marks.get(id)
      return attempt === undefined ? [] : [{ id, attempt }]
    }),
    inhibitedBy: [...new Set(known.flatMap((one) => one.inhibitedBy))],
    rule: prometheus && ruleState(alert.labels, prometheus),
    detail: [prometheusWords(evaluated), alertmanagerWords(alertmanagers, known.length)].filter(Boolean).join('; '),
  }
}

type Evaluated = readonly { readonly state: 'pending' | 'firing' }[]

function evaluatedAlerts(labels: Labels, { rules, rewritten }: NonNullable<Testimony['prometheus']>): Evaluated {
  return rules.flatMap(({ alerts }) => alerts.filter((one) => mayBeSameAlert(one.labels, labels, rewritten)))
}

function isThis(alert: AskedAlert, one: AlertView): boolean {
  return one.fingerprint === alert.fingerprint || sameLabels(one.labels, alert.labels)
}

function problemOfUnknown(evaluated: Evaluated | null, away: readonly string[]): string | null {
  // One restarted a moment ago has forgotten its alerts, and with them what inhibits them.
  if (evaluated?.some(({ state }) => state === 'firing')) {
    return 'Prometheus says that the alert fires, but no Alertmanager knows it now, so inhibition cannot be checked'
  }
  if (evaluated === null && away.length > 0)
    return `the alert may be known only where nobody answers: ${away.join('; ')}`
  return null
}

type RuleState = Extract<OracleAnswer, { kind: 'answered' }>['rule']

function ruleState(labels: Labels, { rules, rewritten }: NonNullable<Testimony['prometheus']>): RuleState {
  const candidates = rules.filter((rule) => mayBeSameAlert(fixedLabels(rule), labels, rewritten))
  const times = candidates.map(({ evaluatedAt }) => evaluatedAt)
  return {
    loaded: candidates.length > 0,
    healthy: candidates.length > 0 && candidates.every(({ healthy }) => healthy),
    evaluatedAt: times.length === 0 || times.includes(null) ? null : Math.min(...(times as number[])),
  }
}

/** A rule's own labels without those that it makes from a template. */
function fixedLabels({ name, labels }: RuleView): Labels {
  const fixed = Object.entries(labels).filter(([, value]) => !value.includes('{{'))
  return Object.assign(Object.create(null), Object.fromEntries(fixed), { alertname: name })
}

function prometheusWords(evaluated: Evaluated | null): string {
  if (evaluated === null) return ''
  if (evaluated.length === 0) return 'not active in Prometheus'
  return evaluated.some(({ state }) => state === 'firing') ? 'firing in Prometheus' : 'pending in Prometheus'
}

function alertmanagerWords(alertmanagers: Testimony['alertmanagers'], known: number): string {
  if (!alertmanagers) return ''
  const { answered, away } = alertmanagers
  const silent = away.length > 0 ? `, ${away.length} did not answer` : ''
  return `known to ${known} of ${answered.length} Alertmanagers${silent}`
}
