import type { AlertRecord } from '../../domain/alert.ts'
import type { CheckResult } from '../../domain/attempt.ts'
import type { Probe } from '../../domain/playbook.ts'
import { messageOf } from '../errors.ts'
import type { Assessment } from '../facts/assessment.ts'
import { leadingAlert, noAlert } from '../match/leading-alert.ts'
import { renderProbe, scopeOf } from '../match/render.ts'
import { checkHttp, checkPromql, type ProvePorts } from '../prove/prove.ts'

/** Bounds what asking before the effect adds to the way to it. */
const askedMsMax = 2_000
/** An older sample says nothing of the target just before the effect. */
const sampleAgeMaxMs = 120_000

/**
 * Asks the playbook's positive probes once, just before the intent. Their answer decides nothing, because the alert fires by its own source:
 * one that passes now shows that the effect may have been for nothing, and proves less when it passes again. `null` where there are none.
 */
export async function proveBefore(
  { playbook, policy, incident }: Assessment,
  alerts: readonly AlertRecord[],
  ports: Pick<ProvePorts, 'sources' | 'probeHttp'> & { readonly clock: { now(): number } },
): Promise<readonly CheckResult[] | null> {
  const positive = playbook.verify.filter(({ kind }) => kind !== 'cleared')
  if (positive.length === 0) return null
  const scope = scopeOf(leadingAlert(alerts) ?? noAlert, policy.config)
  const after = Math.max(incident.illSince, ports.clock.now() - sampleAgeMaxMs)
  const when = { alerts, after, moment: 'it fell ill, or long ago' }
  return Promise.all(positive.map((probe) => inTime(probe, look(probe, scope, when, ports))))
}

async function look(
  probe: Probe,
  scope: ReturnType<typeof scopeOf>,
  when: { readonly alerts: readonly AlertRecord[]; readonly after: number; readonly moment: string },
  ports: Pick<ProvePorts, 'sources' | 'probeHttp'>,
): Promise<CheckResult> {
  const rendered = renderProbe(probe, scope)
  if (!rendered.ok) return notPassed(probe, rendered.reason)
  if (rendered.probe.kind === 'promql') return checkPromql(rendered.probe.query, when, ports)
  return rendered.probe.kind === 'http' ? checkHttp(rendered.probe, ports) : notPassed(probe, 'it looks at no target')
}

async function inTime(probe: Probe, looking: Promise<CheckResult>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve(notPassed(probe, `no answer within ${askedMsMax} ms`)), askedMsMax)
  })
  try {
    return await Promise.race([looking, late])
  } catch (error) {
    return notPassed(probe, messageOf(error))
  } finally {
    clearTimeout(timer)
  }
}

function notPassed({ kind }: Probe, detail: string): CheckResult {
  return { check: kind, passed: false, positive: true, detail }
}
