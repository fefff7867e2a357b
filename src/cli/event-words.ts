import type { Fields } from './client.ts'

/** One line for an event: what it came to, then why, as far as its body says so; else what it is about. */
export function eventWords(event: Fields): string {
  return whatOf(isFields(event.body) ? event.body : {}) || placeOf(event)
}

/** An alert that did what a playbook waited for needs no other words. */
function placeOf({ type, playbook, target }: Fields): string {
  return String(type).startsWith('incident.') && playbook && target ? `${playbook} on ${target}` : ''
}

function whatOf(body: Fields): string {
  if (Array.isArray(body.checks)) return checksText(body.checks as readonly Fields[])
  if (isFields(body.counts)) return countsText(body.counts)
  if (Array.isArray(body.playbooks) && typeof body.mode === 'string') {
    return `mode ${body.mode}, playbooks: ${body.playbooks.length}`
  }
  const result = body.verdict ?? body.decision ?? body.outcome ?? body.ending ?? body.effect
  const why = body.reason ?? body.summary ?? body.plan ?? body.detail ?? body.action
  return [result, why].filter((word) => typeof word === 'string' && word !== '').join(': ')
}

function checksText(checks: readonly Fields[]): string {
  const failed = checks.filter(({ passed }) => passed !== true)
  if (failed.length === 0) return 'every check passed'
  return failed.map(({ check, detail }) => `${check}: ${detail}`).join('; ')
}

/** How many alerts of a delivery got which decision. */
function countsText(counts: Fields): string {
  const some = Object.entries(counts).filter(([, count]) => count !== 0)
  return some.map(([decision, count]) => `${count} ${decision}`).join(', ')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
