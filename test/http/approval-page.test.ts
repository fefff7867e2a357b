import { expect, test } from 'vitest'
import { approvalPage } from '../../src/http/approval-page.ts'
import type { Principal } from '../../src/http/auth.ts'
import { someApproval, someIncident } from '../kit/records.ts'

const approver: Principal = { name: 'ada', role: 'approver', session: { csrf: 'its-csrf-value' } }
const now = 10_000

function pageOf(more: Parameters<typeof someApproval>[0] = {}, who = approver, plan?: string) {
  return approvalPage({ incident: someIncident(), asked: someApproval(more), plan, who, now }).html
}

test('nothing that a label says hides, turns around or becomes part of the page', () => {
  const summary = 'restart \u202egnp.exe\u202c\u200b<script>"\u0007'
  const html = pageOf({ plan: { ...someApproval().plan, summary, evidence: { log: summary } } })
  expect(html).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}|<script/u)
  expect(html).toContain('\\u202egnp.exe')
  expect(html).toContain('&lt;script&gt;')
})

test('the form is bound to this ask, this plan and this session', () => {
  const html = pageOf()
  expect(html).toContain('name="ask" value="ask1"')
  expect(html).toContain('name="plan" value="d1"')
  expect(html).toContain('name="csrf" value="its-csrf-value"')
})

test('who may not decide, or comes too late, gets no form', () => {
  expect(pageOf({}, { ...approver, role: 'viewer' })).not.toContain('<form')
  expect(pageOf({ expiresAt: now })).not.toContain('<form')
  expect(pageOf({ state: 'approved' })).not.toContain('<form')
})

test('a link about another plan says so', () => {
  expect(pageOf({}, approver, 'd1')).not.toContain('none that was asked')
  expect(pageOf({}, approver, 'd0')).toContain('none that was asked')
})
