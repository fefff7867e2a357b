import * as z from 'zod'
import { formatDurationMs } from '../domain/duration.ts'
import { lowerMode, type Mode, type Playbook, type Step } from '../domain/playbook.ts'
import type { Placeholder, Template } from '../domain/template.ts'
import { type Demotion, isDemoted } from '../domain/trial.ts'
import { name, nothing, reason } from './fields.ts'
import { ok, read, write } from './route.ts'
import { iso, viewIncident } from './views.ts'

export const listPlaybooks = read(
  {
    path: '/api/v1/playbooks',
    access: 'viewer',
    summary: 'List the playbooks in force, in matching order',
    query: nothing,
  },
  async (_, { policy, read: reads }) => {
    const { config, playbooks, revision } = policy.current()
    const demotions = await reads.demotions()
    return ok({
      revision,
      mode: config.mode,
      playbooks: playbooks.map((playbook) => {
        const demotion = demotions.find((one) => one.playbook === playbook.name && isDemoted(one, playbook))
        return viewPlaybook(playbook, config.mode, demotion ?? null)
      }),
    })
  },
)

export const promotePlaybook = write(
  {
    method: 'post',
    path: '/api/v1/playbooks/:name/promote',
    access: 'operator',
    summary: 'Lift the demotion of a playbook, so that it acts by itself again',
    query: nothing,
    body: z.strictObject({ reason }),
    codes: { 404: 'There is no such playbook.', 409: 'It is not demoted.' },
  },
  async ({ params, body, by }, { engine }) => {
    const { playbook, since, reason: demotedFor } = await engine.promote(params.name ?? '', by, body.reason)
    return ok({ promoted: { playbook, demotedSince: iso(since), demotedFor } })
  },
)

export const listActions = read(
  {
    path: '/api/v1/actions',
    access: 'viewer',
    summary: 'List the actions, and plugin files that could not be used',
    query: nothing,
  },
  (_, { policy, brokenActions }) => ok({ actions: policy.current().actions, broken: brokenActions() }),
)

export const runAction = write(
  {
    method: 'post',
    path: '/api/v1/actions/:name/run',
    access: 'operator',
    summary: 'Heal by hand: run an action on a target through the same gates',
    query: nothing,
    body: z.strictObject({ target: name, with: z.record(z.string(), z.unknown()).default({}), reason }),
    codes: { 202: 'An incident was opened for it.', 409: 'The target is busy.' },
  },
  async ({ params, body, by }, { engine }) => {
    const incident = await engine.heal({ ...body, action: params.name ?? '', by })
    return ok({ incident: viewIncident(incident) }, 202)
  },
)

function viewPlaybook(playbook: Playbook, ceiling: Mode, demotion: Demotion | null) {
  return {
    name: playbook.name,
    file: playbook.file,
    revision: playbook.revision,
    summary: playbook.summary,
    priority: playbook.priority,
    mode: lowerMode(lowerMode(playbook.mode, ceiling), demotion === null ? 'auto' : 'approve'),
    demoted: demotion && { since: iso(demotion.since), reason: demotion.reason, action: demotion.action },
    order: playbook.order,
    continue: playbook.continue,
    when: playbook.when,
    target: viewTemplate(playbook.target),
    settle: formatDurationMs(playbook.settleMs),
    steps: playbook.steps.map(viewStep),
    for: formatDurationMs(playbook.forMs),
    within: formatDurationMs(playbook.withinMs),
    limits: {
      cooldown: formatDurationMs(playbook.limits.cooldownMs),
      attempts: playbook.limits.attempts.map(({ count, windowMs }) => `${count}/${formatDurationMs(windowMs)}`),
      maxWait: formatDurationMs(playbook.limits.maxWaitMs),
      retryAfter: formatDurationMs(playbook.limits.retryAfterMs),
      demoteAfter: playbook.limits.demoteAfter ?? 'never',
      yieldFor: formatDurationMs(playbook.limits.yieldForMs),
    },
  }
}

function viewStep(step: Step) {
  if (step.kind === 'escalate') return { escalate: step.channel }
  return { action: step.action, timeout: formatDurationMs(step.timeoutMs), on: step.on }
}

function viewTemplate(template: Template): string {
  return template.map((part) => (typeof part === 'string' ? part : `{{ ${viewPlaceholder(part)} }}`)).join('')
}

function viewPlaceholder({ root, name }: Placeholder): string {
  if (root === 'host') return root
  return /^[A-Za-z_]\w*$/.test(name) ? `${root}.${name}` : `${root}[${JSON.stringify(name)}]`
}
