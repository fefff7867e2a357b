import * as z from 'zod'
import type { Approval, ApprovalDecision } from '../domain/approval.ts'
import { approvalPage } from './approval-page.ts'
import { nothing, reason } from './fields.ts'
import { findIncident } from './find-incident.ts'
import { page } from './page.ts'
import type { HttpParts } from './parts.ts'
import { form, ok, redirect, view, write } from './route.ts'
import { iso, viewGates, viewIncident } from './views.ts'

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be the digest of a plan: 64 hexadecimal digits')
const ask = z.string().min(1).max(64)
const codes = {
  404: 'There is no such incident.',
  409: 'Somebody has decided it already (the message names who), or the plan has changed.',
}

function decide(decision: ApprovalDecision, summary: string) {
  return write(
    {
      method: 'post',
      path: `/api/v1/incidents/:id/${decision}`,
      access: 'approver',
      summary,
      query: nothing,
      body: z.strictObject({ plan: digest, reason, ask: ask.optional() }),
      codes,
    },
    async ({ params, body, by }, { engine }) => {
      const { plan, ...rest } = body
      const request = { incident: params.id ?? '', planDigest: plan, decision, by, ...rest }
      const { incident, approval } = await engine.decideApproval(request)
      return ok({ incident: viewIncident(incident), approval: viewApproval(approval) })
    },
  )
}

export const approveIncident = decide(
  'approve',
  'Approve the plan that an incident asks about; the gates decide once more',
)
export const rejectIncident = decide(
  'reject',
  'Reject the plan that an incident asks about: a human has it from then on',
)

const about = z.strictObject({ plan: digest.optional() })

/** Looking decides nothing: link previews and prefetching look, too. */
export const showApproval = view(
  {
    path: '/approvals/:id',
    access: 'viewer',
    summary: 'The page that shows a plan and takes a decision',
    query: about,
    codes,
  },
  async ({ params, query, who }, parts) => {
    const incident = await findIncident(parts.read, params.id)
    const asked = await askOf(parts, incident.id, query.plan)
    const html = page('Approval', approvalPage({ incident, asked, plan: query.plan, who, now: parts.clock.now() }))
    return { status: 200, html }
  },
)

export const decideOnPage = form(
  {
    path: '/approvals/:id',
    access: 'approver',
    summary: 'Decide on the page: approve or reject the plan it shows',
    query: nothing,
    body: z.strictObject({ plan: digest, ask, decision: z.enum(['approve', 'reject']), reason }),
    codes: { ...codes, 303: 'Decided; the page says how.' },
  },
  async ({ params, body, by }, { engine }) => {
    const { plan, ...rest } = body
    const incident = params.id ?? ''
    await engine.decideApproval({ incident, planDigest: plan, by, ...rest })
    return redirect(`/approvals/${encodeURIComponent(incident)}?plan=${plan}`)
  },
)

/** The newest ask about this plan, or the newest of all. */
async function askOf({ read }: HttpParts, incident: string, plan: string | undefined): Promise<Approval | null> {
  const asks = await read.approvalsOf(incident)
  return asks.findLast(({ planDigest }) => plan === undefined || planDigest === plan) ?? asks.at(-1) ?? null
}

/** How an ask looks to a reader of the API; times are RFC 3339. */
export function viewApproval(approval: Approval) {
  return {
    ...approval,
    gates: viewGates(approval.gates),
    endorsements: approval.endorsements.map(({ at, ...rest }) => ({ ...rest, at: iso(at) })),
    since: iso(approval.since),
    askedAt: iso(approval.askedAt),
    expiresAt: iso(approval.expiresAt),
    decidedAt: iso(approval.decidedAt),
  }
}
