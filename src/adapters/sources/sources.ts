import type { Alert } from '../../domain/alert.ts'
import type { Config, Peer, Source } from '../../domain/config.ts'
import type { Clock, Log, Sources } from '../../engine/ports.ts'
import { type AlertView, fetchAlerts } from '../alertmanager/alerts.ts'
import { fetchSilences } from '../alertmanager/silences.ts'
import type { Bounds } from '../http-client/get-json.ts'
import { queryDated } from '../prometheus/query.ts'
import { fetchRewrittenLabels } from '../prometheus/relabel.ts'
import { fetchAlertingRules, fetchRecordedNames } from '../prometheus/rules.ts'
import { type BriefCache, createBriefCache } from './brief-cache.ts'
import { judge, type Testimony } from './judge.ts'

const cacheAgeMaxMs = 1_000

const defaultBounds: Bounds = { timeoutMs: 5_000, bytesMax: 64 * 1024 * 1024 }

interface Tools {
  readonly bounds: Bounds & { readonly clock: Clock }
  readonly cache: BriefCache
  readonly log: Log
}

type Failure = { readonly ok: false; readonly reason: string }

/** The sources of the configuration in force, asked over HTTP. Lists are shared between calls for at most a second. */
export function createSources(
  configured: () => Config['sources'],
  { log, clock, bounds = defaultBounds }: { log: Log; clock: Clock; bounds?: Bounds },
): Sources {
  const tools = { bounds: { ...bounds, clock }, cache: createBriefCache({ clock, ageMaxMs: cacheAgeMaxMs }), log }
  const find = (name: string) => configured().find((source) => source.name === name)
  return {
    names: () => configured().map(({ name }) => name),
    ask: async (alert) => {
      const source = find(alert.source)
      if (!source) return { kind: 'not_applicable', reason: `no source "${alert.source}" in the configuration` }
      if (!source.prometheus && source.alertmanagers.length === 0) {
        return { kind: 'not_applicable', reason: `source "${source.name}" has neither Prometheus nor Alertmanager` }
      }
      const heard = await hear(source, alert.labels.alertname ?? null, alert.lastSeenAt, tools)
      return heard.ok ? judge(alert, heard.testimony) : { kind: 'unavailable', reason: heard.reason }
    },
    list: async (name, receiver) => {
      const source = find(name)
      if (!source) return { ok: false, reason: `no source "${name}" in the configuration` }
      return list(source, receiver, tools)
    },
    query: async (name, promql) => {
      const source = find(name)
      if (!source) return { ok: false, reason: `no source "${name}" in the configuration` }
      const peer = source.prometheus
      if (!peer) return { ok: false, reason: `source "${name}" has no Prometheus to query` }
      const recordedNames = () => tools.cache.get(peer, 'recorded', () => fetchRecordedNames(peer, tools.bounds))
      return queryDated(peer, promql, { ...tools.bounds, recordedNames })
    },
  }
}

type Hearing = { readonly ok: true; readonly testimony: Testimony } | Failure

/**
 * Asks everyone at once. What is configured must answer: Prometheus, and at least one of the Alertmanagers. What was said
 * before `sinceMs` does not count: a list fetched before an alert was heard of cannot know it.
 */
async function hear(source: Source, alertname: string | null, sinceMs: number, tools: Tools): Promise<Hearing> {
  const [prometheus, alertmanagers] = await Promise.all([
    source.prometheus && hearPrometheus(source.prometheus, alertname, sinceMs, tools),
    Promise.all(source.alertmanagers.map((peer) => hearAlertmanager(peer, alertname, sinceMs, tools))),
  ])
  if (prometheus && !prometheus.ok) return prometheus
  const answered = alertmanagers.filter((reply) => reply.ok)
  const away = alertmanagers.filter((reply) => !reply.ok).map(({ reason }) => reason)
  for (const reason of away) tools.log.debug({ source: source.name, reason }, 'an Alertmanager did not answer')
  if (alertmanagers.length > 0 && answered.length === 0) return { ok: false, reason: away.join('; ') }
  const testimony = { prometheus, alertmanagers: alertmanagers.length > 0 ? { answered, away } : null }
  return { ok: true, testimony }
}

async function hearPrometheus(peer: Peer, alertname: string | null, sinceMs: number, { cache, bounds }: Tools) {
  const [rules, relabelling] = await Promise.all([
    cache.get(peer, `rules ${alertname ?? ''}`, () => fetchAlertingRules(peer, alertname, bounds), sinceMs),
    cache.get(peer, 'relabelling', () => fetchRewrittenLabels(peer, bounds)),
  ])
  if (!rules.ok) return rules
  if (!relabelling.ok) return relabelling
  return { ok: true as const, rules: rules.rules, rewritten: relabelling.rewritten }
}

async function hearAlertmanager(peer: Peer, alertname: string | null, sinceMs: number, { cache, bounds }: Tools) {
  const [alerts, silences] = await Promise.all([
    cache.get(peer, `alerts ${alertname ?? ''}`, () => fetchAlerts(peer, alertname, bounds), sinceMs),
    cache.get(peer, 'silences', () => fetchSilences(peer, bounds)),
  ])
  if (!alerts.ok) return alerts
  if (!silences.ok) return silences
  const known = new Set([...silences.silences.map(({ id }) => id), ...silences.marks.keys()])
  const young = alerts.alerts.some(({ silencedBy }) => silencedBy.some((id) => !known.has(id)))
  if (!young) return { ...silences, alerts: alerts.alerts }
  // Of a silence younger than the list of them it must be known whose it is, or Hepar would wait for its own.
  const again = await cache.get(peer, 'silences', () => fetchSilences(peer, bounds), bounds.clock.now())
  return again.ok ? { ...again, alerts: alerts.alerts } : again
}

async function list(source: Source, receiver: string | undefined, tools: Tools): ReturnType<Sources['list']> {
  if (source.alertmanagers.length === 0) return { ok: true, alerts: [] }
  // Prometheus is heard as well: who compares with the list asks it next, alert by alert, and would wait for each answer.
  const heard = await hear(source, null, tools.bounds.clock.now(), tools)
  if (!heard.ok) return heard
  const { alertmanagers } = heard.testimony
  const views = new Map<string, AlertView>()
  const suppressed = new Set<string>()
  for (const view of alertmanagers?.answered.flatMap(({ alerts }) => alerts) ?? []) {
    const before = views.get(view.fingerprint)
    if (!before || view.startsAt < before.startsAt) views.set(view.fingerprint, view)
    if (view.silencedBy.length + view.inhibitedBy.length > 0) suppressed.add(view.fingerprint)
  }
  const wanted = ({ fingerprint, receivers }: AlertView) =>
    !suppressed.has(fingerprint) && (receiver === undefined || receivers.includes(receiver))
  return { ok: true, alerts: [...views.values()].filter(wanted).map(alertOf) }
}

function alertOf({ fingerprint, labels, annotations, startsAt, generatorURL }: AlertView): Alert {
  return { fingerprint, status: 'firing', labels, annotations, startsAt, endsAt: null, generatorURL }
}
