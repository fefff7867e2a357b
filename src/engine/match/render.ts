import type { AlertRecord } from '../../domain/alert.ts'
import type { Config } from '../../domain/config.ts'
import { canonicalHost, resolveHost } from '../../domain/host.ts'
import { climbs } from '../../domain/http-allow.ts'
import type { Json } from '../../domain/json.ts'
import type { Playbook, Probe, Step, TemplatedValue } from '../../domain/playbook.ts'
import { formatTarget, parseTarget } from '../../domain/target.ts'
import {
  hasControls,
  nameOf,
  type Rendering,
  renderPlaceholder,
  renderTemplate,
  type TemplateScope,
} from '../../domain/template.ts'

type Refusal = { readonly ok: false; readonly reason: string }

export type TargetRendering = { readonly ok: true; readonly target: string } | Refusal

/** What the placeholders of a playbook mean for one alert. */
export function scopeOf(
  alert: Pick<AlertRecord, 'labels' | 'annotations'>,
  config: Pick<Config, 'docker'>,
): TemplateScope {
  return { labels: alert.labels, annotations: alert.annotations, host: resolveHost(config, alert.labels) }
}

/**
 * The written form of what a playbook acts on for one alert. A place that is a known label value becomes its host's name;
 * an unknown one stays as it is, for the target gate to refuse.
 */
export function renderTarget(
  playbook: Pick<Playbook, 'target'>,
  alert: Pick<AlertRecord, 'labels' | 'annotations'>,
  config: Pick<Config, 'docker'>,
): TargetRendering {
  const rendering = renderParts(playbook.target, scopeOf(alert, config))
  if (!rendering.ok) return rendering
  const reading = parseTarget(rendering.text)
  if (!reading.ok) return reading
  const { target } = reading
  const place = target.place === null ? null : (canonicalHost(config, target.place) ?? target.place)
  return { ok: true, target: formatTarget({ ...target, place }) }
}

/** A value must not add parts to a target: a slash from a label could move the action to another place. */
function renderParts(template: Playbook['target'], scope: TemplateScope): Rendering {
  let text = ''
  let slashes = 0
  const first = template[0]
  const isPath = typeof first === 'string' && first.startsWith('path/')
  for (const part of template) {
    if (typeof part === 'string') {
      text += part
      slashes += part.split('/').length - 1
      continue
    }
    const value = renderPlaceholder(part, scope)
    if (!value.ok) return value
    if (hasControls(value.text)) return { ok: false, reason: `${nameOf(part)} contains control characters` }
    const mayHoldSlashes = isPath && slashes >= 2
    if (value.text.includes('/') && !mayHoldSlashes) return { ok: false, reason: `${nameOf(part)} contains a slash` }
    text += value.text
  }
  return { ok: true, text }
}

export type ParamsRendering = { readonly ok: true; readonly params: Readonly<Record<string, Json>> } | Refusal

/** The parameters of a step, as its plugin will see them. */
export function renderParams(step: Extract<Step, { kind: 'action' }>, scope: TemplateScope): ParamsRendering {
  const rendering = renderValue(step.with, scope)
  if (!rendering.ok) return rendering
  return { ok: true, params: rendering.value as Readonly<Record<string, Json>> }
}

type ValueRendering = { readonly ok: true; readonly value: Json } | Refusal

function renderValue(value: TemplatedValue, scope: TemplateScope): ValueRendering {
  switch (value.kind) {
    case 'literal':
      return { ok: true, value: value.value }
    case 'template': {
      const rendering = renderTemplate(value.template, scope)
      return rendering.ok ? { ok: true, value: rendering.text } : rendering
    }
    case 'list': {
      const items: Json[] = []
      for (const item of value.items) {
        const rendering = renderValue(item, scope)
        if (!rendering.ok) return rendering
        items.push(rendering.value)
      }
      return { ok: true, value: items }
    }
    case 'map': {
      const entries: [string, Json][] = []
      for (const [key, member] of value.entries) {
        const rendering = renderValue(member, scope)
        if (!rendering.ok) return rendering
        entries.push([key, rendering.value])
      }
      return { ok: true, value: Object.fromEntries(entries) }
    }
  }
}

export type RenderedProbe =
  | { readonly kind: 'cleared' }
  | { readonly kind: 'promql'; readonly query: string }
  | { readonly kind: 'http'; readonly url: string; readonly status: number; readonly timeoutMs: number }

export type ProbeRendering = { readonly ok: true; readonly probe: RenderedProbe } | Refusal

/** One check of the verification, ready to be asked. */
export function renderProbe(probe: Probe, scope: TemplateScope): ProbeRendering {
  if (probe.kind === 'cleared') return { ok: true, probe }
  if (probe.kind === 'promql') {
    const query = renderTemplate(probe.query, scope)
    return query.ok ? { ok: true, probe: { kind: 'promql', query: query.text } } : query
  }
  const url = renderTemplate(probe.url, scope)
  if (!url.ok) return url
  if (climbs(url.text)) return { ok: false, reason: 'a label would move the URL to another path with . or ..' }
  return { ok: true, probe: { kind: 'http', url: url.text, status: probe.status, timeoutMs: probe.timeoutMs } }
}
