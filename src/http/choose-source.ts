import type { Source } from '../domain/config.ts'
import { HttpError } from './errors.ts'

/** The name used where no source is configured. */
export const defaultSource = 'default'

/**
 * Which source a delivery comes from: the one named, else the only one, else the one whose Alertmanager is at `externalURL`.
 * Throws HttpError 400 that lists the sources when none of these tells.
 */
export function chooseSource(sources: readonly Source[], named: string | undefined, externalURL: string): string {
  const names = sources.length === 0 ? [defaultSource] : sources.map(({ name }) => name)
  if (named !== undefined) {
    if (names.includes(named)) return named
    throw unclear(`there is no source "${named.slice(0, 100)}"`, names)
  }
  if (names.length === 1) return names[0] as string
  const wanted = normal(externalURL)
  const fitting = sources.filter(({ alertmanagers }) => alertmanagers.some(({ url }) => normal(url) === wanted))
  if (wanted !== null && fitting.length === 1) return fitting[0]?.name as string
  throw unclear('it is not clear which source this delivery comes from', names)
}

function unclear(message: string, names: readonly string[]): HttpError {
  const known = names.slice(0, 20).join(', ')
  const next = `Add ?source=<name> to the webhook URL in alertmanager.yml.`
  return new HttpError(400, 'unknown_source', `${message}; the sources are: ${known}`, next)
}

function normal(url: string): string | null {
  const parsed = URL.parse(url)
  return parsed === null ? null : `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/+$/, '')}`
}
