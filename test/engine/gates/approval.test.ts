import { describe, expect, test } from 'vitest'
import { noApprovalRules, type PolicyAnswer } from '../../../src/domain/approval.ts'
import { approval, demandOf } from '../../../src/engine/gates/approval.ts'
import type { GateFacts } from '../../../src/engine/gates/gate.ts'
import { someApproval, someAttempt, someIncident, somePlaybook } from '../../kit/records.ts'

const now = 10_000
const plan = { kind: 'planned', plan: someAttempt().plan, digest: 'd1' } as const
const rules = { ...noApprovalRules, policy: { kind: 'named', name: 'opa' } } as const
const manual = { action: 'container-restart', with: {}, by: 'operator:ada', reason: 'now' }

type Some = Partial<Pick<GateFacts, 'ceiling' | 'incident' | 'playbook' | 'fourEyes' | 'plan' | 'policy'>> & {
  readonly ask?: GateFacts['stored']['approval']
  readonly demotion?: GateFacts['stored']['demotion']
}

/** What this gate looks at, and nothing else. */
function facts({ ask = null, demotion = null, ...more }: Some): GateFacts {
  const plain = {
    now,
    incident: someIncident(),
    playbook: somePlaybook(),
    stepIndex: 0,
    ceiling: 'approve',
    fourEyes: false,
    plan,
  }
  return { ...plain, policy: null, ...more, stored: { approval: ask, demotion } } as unknown as GateFacts
}

const saying = (decision: PolicyAnswer['decision'], planDigest = 'd1'): PolicyAnswer => ({
  planDigest,
  policy: 'opa',
  decision,
  reason: 'so',
})

describe('who must say yes', () => {
  const demotion = {
    playbook: somePlaybook().name,
    revision: somePlaybook().revision,
    step: 's',
    action: 'container-restart',
    targetClass: 'container/web',
    reason: 'it failed three times',
    since: 1,
    liftedAt: null,
  }
  const withPolicy = { playbook: somePlaybook({ approval: rules }) }
  const byHand = { incident: someIncident({ manual }) }
  test.each<[string, Some, object]>([
    ['nobody in auto', { ceiling: 'auto' }, { kind: 'none' }],
    ['nobody while only observed', { ceiling: 'observe' }, { kind: 'none' }],
    ['one person in approve', {}, { kind: 'people', needed: 1 }],
    ['two under four eyes', { fourEyes: true }, { kind: 'people', needed: 2 }],
    ['nobody else than who asked for it', byHand, { kind: 'none' }],
    ['one more than who asked for it, under four eyes', { ...byHand, fourEyes: true }, { kind: 'people', needed: 1 }],
    ['nobody where the policy allows it', { ...withPolicy, policy: saying('allow') }, { kind: 'none' }],
    [
      'two under four eyes, whatever the policy allows',
      { ...withPolicy, fourEyes: true, policy: saying('allow') },
      { kind: 'people', needed: 2 },
    ],
    [
      'a person in auto, too, where the policy asks for one',
      { ...withPolicy, ceiling: 'auto', policy: saying('ask') },
      { kind: 'people', needed: 1 },
    ],
    [
      'two of them under four eyes',
      { ...withPolicy, ceiling: 'auto', fourEyes: true, policy: saying('ask') },
      { kind: 'people', needed: 2 },
    ],
    [
      'a person where the playbook is demoted, whatever the policy allows',
      { ...withPolicy, ceiling: 'auto', policy: saying('allow'), demotion },
      { kind: 'people', needed: 1 },
    ],
    ['nobody can where the policy denies it', { ...withPolicy, policy: saying('deny') }, { kind: 'denied' }],
    ['nor where it denies it in auto', { ...withPolicy, ceiling: 'auto', policy: saying('deny') }, { kind: 'denied' }],
    [
      'nor where it denies a heal by hand',
      { playbook: somePlaybook({ approval: rules }), ...byHand, policy: saying('deny') },
      { kind: 'denied' },
    ],
    ['nor where it was not asked', { ...withPolicy, ceiling: 'auto' }, { kind: 'denied' }],
    ['nor where it was asked about another plan', { ...withPolicy, policy: saying('allow', 'd0') }, { kind: 'denied' }],
  ])('%s', (_, some, expected) => {
    expect(demandOf(facts(some))).toMatchObject(expected)
    const { kind } = expected as { readonly kind: string }
    const { result, ...said } = approval.decide(facts(some))
    if (kind !== 'none') expect({ result, asks: 'asks' in said }).toEqual({ result: 'block', asks: kind === 'people' })
    else expect(result).not.toBe('block')
  })
})

describe('an ask', () => {
  const approved = someApproval({ state: 'approved', endorsements: [{ by: 'operator:ada', at: 9_000, reason: 'go' }] })
  test('that was approved for exactly this lets it pass', () => {
    expect(approval.decide(facts({ ask: approved }))).toMatchObject({ result: 'pass' })
  })
  test.each<[string, Partial<typeof approved>]>([
    ['nobody has answered', { state: 'pending', endorsements: [] }],
    ['is too old', { expiresAt: now }],
    ['was about another target', { target: 'container/local/db' }],
    ['was about another plan', { planDigest: 'd0' }],
    ['was made under another playbook', { playbookRevision: 'p0' }],
    ['was about another step', { step: 1 }],
    ['was for an earlier attempt', { attempt: 0 }],
    ['is of the future, by a clock that was set back', { askedAt: now + 5_001 }],
    ['was approved in the future', { endorsements: [{ by: 'operator:ada', at: now + 5_001, reason: 'go' }] }],
  ])('that %s lets nothing pass', (_, more) => {
    expect(approval.decide(facts({ ask: { ...approved, ...more } }))).toMatchObject({ result: 'block', asks: true })
  })
  test('that one has approved lets nothing pass where two must', () => {
    expect(approval.decide(facts({ ask: approved, fourEyes: true }))).toMatchObject({ result: 'block', asks: true })
  })
})
