import type { Approval } from '../domain/approval.ts'
import type { Incident } from '../domain/incident.ts'
import { visible } from '../domain/visible.ts'
import { allows, type Principal } from './auth.ts'
import { csrfField, type Html, html } from './page.ts'
import { iso } from './views.ts'

interface Shown {
  readonly incident: Incident
  readonly asked: Approval | null
  /** The plan that the link was about. */
  readonly plan: string | undefined
  readonly who: Principal
  /** Epoch milliseconds. */
  readonly now: number
}

const jsonCharactersMax = 20_000

/** What would happen to which object, why it is asked, and the form that decides it. Nothing here decides anything. */
export function approvalPage({ incident, asked, plan, who, now }: Shown): Html {
  const head = table([
    ['Incident', incident.id],
    ['Playbook', incident.playbook],
    ['Target', incident.target],
    ['State', incident.ending ?? incident.state],
  ])
  if (asked === null) return html`${head}<p>Nothing is asked about this incident.</p>`
  const changed = plan !== undefined && plan !== asked.planDigest
  return html`${head}
${changed ? html`<p class="problem" role="alert">The plan of the link is none that was asked. This is what is asked now.</p>` : null}
${standing(asked, now)}
<h2>Plan</h2>
${table([
  ['What', asked.plan.summary],
  ['Action', asked.plan.action],
  ['Step', String(asked.step + 1)],
  ['Attempt', String(asked.attempt)],
  ['Object', asJson(asked.plan.pin)],
  ['Parameters', asJson(asked.plan.params)],
  ['Touches', (asked.plan.touches ?? []).join(', ')],
  ['Past success', asked.pastSuccess === null ? 'no past' : asJson(asked.pastSuccess)],
  ['Asked', iso(asked.askedAt)],
  ['Expires', iso(asked.expiresAt)],
  ['Digest', asked.planDigest],
])}
<h2>Evidence</h2>
<pre>${shown(asJson(asked.plan.evidence))}</pre>
<h2>Gates</h2>
${table(asked.gates.map(({ gate, result, reason }) => [gate, `${result}: ${reason}`]))}
${decisionForm(asked, who, now)}`
}

function standing(asked: Approval, now: number): Html {
  const { state, decidedBy, decidedAt, reason, needed, endorsements } = asked
  if (state === 'pending' && asked.expiresAt <= now) return html`<p>Its time is up: the incident goes to a human.</p>`
  if (state === 'pending') {
    const names = endorsements.map(({ by }) => by).join(', ')
    const so = names === '' ? '' : ` Approved so far by ${shown(names)}.`
    return html`<p><strong>Waits for ${needed === 1 ? 'one person' : `${needed} people`}.</strong>${so}</p>`
  }
  const by = decidedBy === null ? '' : ` by ${decidedBy}`
  return html`<p><strong>${state}${shown(by)}</strong>, ${iso(decidedAt)}: ${shown(reason)}</p>`
}

function decisionForm(asked: Approval, who: Principal, now: number): Html | null {
  if (asked.state !== 'pending' || asked.expiresAt <= now) return null
  if (!allows(who.role, 'approver')) return html`<p>Your role ${who.role} may look, and not decide.</p>`
  return html`<form method="post" action="/approvals/${encodeURIComponent(asked.incident)}">
${csrfField(who)}
<input type="hidden" name="plan" value="${asked.planDigest}">
<input type="hidden" name="ask" value="${asked.id}">
<label for="reason">Reason</label>
<input id="reason" name="reason" maxlength="1000" required>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="reject">Reject</button>
</form>`
}

function table(rows: readonly (readonly [string, string])[]): Html {
  const some = rows.filter(([, value]) => value !== '')
  return html`<table>${some.map(([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${shown(value)}</code></td></tr>\n`)}</table>`
}

/** Signs that nobody sees, or that turn text around, are written out. */
function shown(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

function asJson(value: unknown): string {
  const text = JSON.stringify(value, null, 1)
  return text.length > jsonCharactersMax ? `${text.slice(0, jsonCharactersMax)}…` : text
}
