import * as z from 'zod'
import { formatDurationMs } from '../domain/duration.ts'
import { lowerMode, type Mode, type Playbook, type Step } from '../domain/playbook.ts'
import type { Placeholder, Template } from '../domain/template.ts'
import { name, nothing, reason } from './fields.ts'
import { ok, read, write } from './route.ts'
import { viewIncident } from './views.ts'

export const listPlaybooks = read(
  {
    path: '/api/v1/playbooks',
    access: 'viewer',
    summary: 'List the playbooks in force, in matching order',
    query: nothing,
  },
  (_, { policy }) => {
    const { config, playbooks, revision } = policy.current()
    return ok({
      revision,
      mode: config.mode,
      playbooks: playbooks.map((playbook) => viewPlaybook(playbook, config.mode)),
    })
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

function viewPlaybook(playbook: Playbook, ceiling: Mode) {
  return {
    name: playbook.name,
    file: playbook.file,
    revision: playbook.revision,
    summary: playbook.summary,
    priority: playbook.priority,
    mode: lowerMode(playbook.mode, ceiling),
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
