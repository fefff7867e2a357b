import { InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../domain/duration.ts'

/** Parsers of arguments; what they refuse, commander prints with the name of the option. */
export function durationText(text: string): string {
  const ms = parseDurationMs(text)
  if (ms === null || ms === 0) throw new InvalidArgumentError('It must be a duration such as 30m or 1h30m.')
  return text
}

/** A duration ago, or a time, as epoch milliseconds in text. */
export function sinceMs(text: string): string {
  const ago = parseDurationMs(text)
  const at = ago === null ? Date.parse(text) : Date.now() - ago
  if (Number.isNaN(at))
    throw new InvalidArgumentError('It must be a duration such as 24h, or a time such as 2030-01-31.')
  return String(at)
}

export function countText(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 100_000)
    throw new InvalidArgumentError('It must be a count from 1.')
  return count
}

/** `key=value` pairs into an object; a value that is JSON is taken as such, anything else as text. */
export function parameter(pair: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const at = pair.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be key=value, such as grace=10s.')
  return { ...before, [pair.slice(0, at)]: value(pair.slice(at + 1)) }
}

function value(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: HEPAR_CONFIG, or hepar.yaml here)')
}

export function reasonOption(): Option {
  return new Option('-r, --reason <text>', 'why; it is kept in the audit log').makeOptionMandatory()
}
