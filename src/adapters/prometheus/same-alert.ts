import type { Labels } from '../../domain/alert.ts'

/** Labels whose values Prometheus changes on the way to Alertmanager; `all` when any may change. */
export type Rewritten = ReadonlySet<string> | 'all'

/**
 * Whether two label sets may be the same alert, one as Prometheus evaluates it and one as Alertmanager received it. In between,
 * labels are added (external) and dropped or rewritten (alert_relabel_configs), so only a label that both carry and that is
 * passed on as it is can tell them apart. In doubt the answer is yes.
 */
export function mayBeSameAlert(a: Labels, b: Labels, rewritten: Rewritten): boolean {
  for (const [name, value] of Object.entries(a)) {
    const other = b[name]
    if (other === undefined || other === value) continue
    if (name === 'alertname') return false
    if (rewritten !== 'all' && !rewritten.has(name)) return false
  }
  return true
}

/** Whether two label sets are equal. */
export function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
