import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventOf } from '../../../src/adapters/notify/pagerduty.ts'
import { secret } from '../../../src/domain/secret.ts'
import { pagerDutyRefuses, startPagerDuty } from '../../kit/vendors.ts'
import { approvalAsked, deliverTo, handedOver, hostile, noon, outgoing, pagerDutyChannel } from './channels.ts'

describe('PagerDuty', () => {
  test('is triggered by a hand-over and resolved when the incident closes, under the incident’s own key', async () => {
    await using pagerDuty = await startPagerDuty()
    const deliver = deliverTo(pagerDutyChannel(pagerDuty.url))
    expect(await deliver(outgoing('pager', handedOver))).toEqual({ ok: true })
    expect(await deliver(outgoing('pager', { event: 'incident.closed', incident: 'i1', ending: 'escalated' }))).toEqual(
      { ok: true },
    )
    const [trigger, resolve] = pagerDuty.accepted
    expect(trigger?.body).toMatchObject({
      event_action: 'trigger',
      dedup_key: 'i1',
      payload: {
        severity: 'critical',
        source: 'redis/cache',
        component: 'redis-down',
        timestamp: new Date(noon).toISOString(),
        custom_details: { reason: 'the restart did not help' },
      },
    })
    expect(resolve?.body).toMatchObject({ event_action: 'resolve', dedup_key: 'i1' })
  })

  test('is told of approvals and storms, each under a key of its own', async () => {
    await using pagerDuty = await startPagerDuty()
    const deliver = deliverTo(pagerDutyChannel(pagerDuty.url))
    await deliver(outgoing('pager', approvalAsked))
    await deliver(outgoing('pager', { ...approvalAsked, event: 'approval.decided', decision: 'approved', by: 'alice' }))
    await deliver(outgoing('pager', { event: 'storm.latched', storm: 3, incidents: 40 }, { subject: 'storm:3' }))
    await deliver(outgoing('pager', { event: 'storm.released', storm: 3 }, { subject: 'storm:3' }))
    await deliver(outgoing('pager', { event: 'playbook.demoted', playbook: 'redis-down', incident: 'i1' }))
    const seen = pagerDuty.accepted.map(({ method, body }) => [method, body.dedup_key])
    expect(seen).toEqual([
      ['trigger', 'i1'],
      ['resolve', 'i1'],
      ['trigger', 'storm:3'],
      ['resolve', 'storm:3'],
      ['trigger', 'playbook:redis-down'],
    ])
    expect(pagerDuty.accepted[0]?.body.links).toEqual([
      { href: 'https://hepar.example.test/approvals/i1?plan=abc123', text: 'Open in Hepar' },
    ])
  })

  test('calls somebody for a hand-over though somebody was called before and has decided, or nobody has', async () => {
    await using pagerDuty = await startPagerDuty()
    const deliver = deliverTo(pagerDutyChannel(pagerDuty.url))
    await deliver(outgoing('pager', approvalAsked))
    await deliver(outgoing('pager', { ...approvalAsked, event: 'approval.decided', decision: 'expired' }))
    await deliver(outgoing('pager', handedOver))
    expect(pagerDuty.called).toEqual(['i1', 'i1'])
    await deliver(outgoing('pager', { event: 'incident.closed', incident: 'i1', ending: 'escalated' }))
    expect(pagerDuty.open()).toEqual([])
  })

  test('calls nobody twice for a question that is asked anew because its plan changed', async () => {
    await using pagerDuty = await startPagerDuty()
    const deliver = deliverTo(pagerDutyChannel(pagerDuty.url))
    await deliver(outgoing('pager', approvalAsked))
    const changed = { ...approvalAsked, event: 'approval.decided', decision: 'void', askedAnew: true }
    expect(await deliver(outgoing('pager', changed))).toEqual({ ok: true })
    await deliver(outgoing('pager', { ...approvalAsked, planDigest: 'def456' }))
    expect(pagerDuty.called).toEqual(['i1'])
    expect(pagerDuty.open()).toEqual(['i1'])
  })

  test.each([
    [['page', 'info'], 'critical'],
    [['Warning'], 'warning'],
    [['info'], 'info'],
    [['__proto__', 'weird'], 'error'],
    [[], 'error'],
  ])('takes the severities %j for %s', async (labels, severity) => {
    await using pagerDuty = await startPagerDuty()
    const alerts = labels.map((severity) => ({ labels: { severity } }))
    await deliverTo(pagerDutyChannel(pagerDuty.url))(outgoing('pager', { ...handedOver, alerts }))
    expect(pagerDuty.accepted[0]?.body).toMatchObject({ payload: { severity } })
  })

  test('is not left with the alert of a test', async () => {
    await using pagerDuty = await startPagerDuty()
    const message = outgoing('pager', { event: 'channel.tested' }, { subject: null })
    expect(await deliverTo(pagerDutyChannel(pagerDuty.url))(message)).toEqual({ ok: true })
    const seen = pagerDuty.accepted.map(({ method, body }) => [method, body.dedup_key])
    expect(seen).toEqual([
      ['trigger', 'key@pager'],
      ['resolve', 'key@pager'],
    ])
  })

  test('is not asked again for an event that it calls invalid, and is when it is busy or broken', async () => {
    await using pagerDuty = await startPagerDuty()
    const wrong = { ...pagerDutyChannel(pagerDuty.url), routingKey: secret('short') }
    expect(await deliverTo(wrong)(outgoing('pager', handedOver))).toMatchObject({
      ok: false,
      retry: false,
      reason: 'channel pager answered HTTP 400',
    })
    for (const code of [429, 500, 503]) {
      pagerDuty.next({ code })
      expect(await deliverTo(pagerDutyChannel(pagerDuty.url))(outgoing('pager', handedOver))).toMatchObject({
        ok: false,
        retry: true,
      })
    }
  })

  test('takes every hostile label within its limits', () => {
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 200 }))
    fc.assert(
      fc.property(text, text, text, (reason, label, target) => {
        const alerts = Array.from({ length: 9 }, () => ({ labels: { [label]: reason, severity: label } }))
        const subject = target === '' ? 'i1' : target
        const event = eventOf(outgoing('pager', { ...handedOver, reason, target, alerts }, { subject }), null)
        expect(pagerDutyRefuses(event)).toEqual([])
        expect(JSON.stringify(event)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      }),
      { numRuns: 60 },
    )
  })
})
