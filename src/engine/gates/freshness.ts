import type { AlertRecord } from '../../domain/alert.ts'
import { formatAgeMs } from '../../domain/duration.ts'
import type { GateDecision } from '../../domain/gate.ts'
import type { OracleAnswer } from '../ports.ts'
import { block, type Gate, type GateFacts, notApplicable, pass } from './gate.ts'

const askAgainMs = 10_000
const silencedAgainMs = 30_000

/** At least one alert still fires by its own source, unsilenced, uninhibited and not too old. */
export const freshness: Gate = {
  name: 'freshness',
  needs: 'oracle',
  decide(facts) {
    if (facts.incident.manual) return notApplicable('a person asked, no alert is involved')
    const firing = facts.stored.alerts.filter(({ status }) => status === 'firing')
    if (firing.length === 0) {
      return block('no alert of this incident fires any more', {
        until: null,
        unblock: 'nothing: it recovers or closes',
      })
    }
    // One target may have thousands of alerts.
    const answers = new Map(facts.oracle?.map(({ fingerprint, answer }) => [fingerprint, answer]))
    const decided = firing.map((alert) => judge(alert, answers.get(alert.fingerprint) ?? notAsked, facts))
    return (
      decided.find(({ result }) => result === 'pass') ??
      decided.find(({ result }) => result === 'not_applicable') ??
      decided[0]!
    )
  },
}

const notAsked: OracleAnswer = { kind: 'unavailable', reason: 'the source has not been asked' }

function judge(alert: AlertRecord, answer: OracleAnswer, { now, limits: { alertAgeMaxMs } }: GateFacts): GateDecision {
  const facts = { fingerprint: alert.fingerprint, source: alert.source, lastSeenAt: alert.lastSeenAt }
  if (answer.kind === 'unavailable') {
    return block(`the source "${alert.source}" cannot be asked: ${answer.reason}`, {
      until: now + askAgainMs,
      unblock: 'bring the source back: Hepar asks again by itself',
      facts,
    })
  }
  if (answer.kind === 'not_applicable') return judgeAge(alert, answer.reason, now, alertAgeMaxMs)
  if (answer.silencedBy.length > 0) {
    return block('the alert is silenced', {
      until: now + silencedAgainMs,
      unblock: `expire the silence ${answer.silencedBy.join(', ')}`,
      facts: { ...facts, silencedBy: answer.silencedBy },
    })
  }
  if (answer.inhibitedBy.length > 0) {
    return block('the alert is inhibited by another', {
      until: now + silencedAgainMs,
      unblock: `resolve the inhibiting alert ${answer.inhibitedBy.join(', ')}`,
      facts: { ...facts, inhibitedBy: answer.inhibitedBy },
    })
  }
  if (!answer.firing) {
    return block(`the source says that it does not fire: ${answer.detail}`, {
      until: now + askAgainMs,
      unblock: 'nothing: if it fires again, Hepar sees it',
      facts,
    })
  }
  return pass(`the source confirms that it fires: ${answer.detail}`, facts)
}

function judgeAge(alert: AlertRecord, why: string, now: number, alertAgeMaxMs: number): GateDecision {
  const ageMs = now - alert.lastSeenAt
  const facts = { fingerprint: alert.fingerprint, source: alert.source, ageMs }
  if (ageMs > alertAgeMaxMs) {
    return block(`last heard of ${formatAgeMs(ageMs)} ago, and no oracle can confirm it`, {
      until: null,
      unblock: 'a repeat from Alertmanager, or an oracle for this source in hepar.yaml',
      facts,
    })
  }
  return notApplicable(why, facts)
}
