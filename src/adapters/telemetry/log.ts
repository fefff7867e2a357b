import { pino } from 'pino'
import type { AuditEvent, AuditType } from '../../domain/audit.ts'
import { visibleJson } from '../../domain/visible.ts'
import type { Log } from '../../engine/ports.ts'
import { formatLine } from './pretty.ts'
import { redactFields, redactText } from './redact.ts'

interface LogOptions {
  /** `trace` to `fatal`, or `silent`; read again before each line, so that a reload changes it. */
  readonly level: () => string
  /** Values that must never appear, such as every token of the configuration. */
  readonly secrets: () => readonly string[]
  readonly write: (line: string) => void
  /** Lines for people instead of JSON. */
  readonly pretty: boolean
}

/** The log of the process: constant messages, data in fields, no secrets. */
export function createLog({ level, secrets, write, pretty }: LogOptions): Log {
  const destination = {
    write: (line: string) => {
      const safe = redactText(line, secrets())
      write(pretty ? formatLine(safe) : visibleJson(safe))
    },
  }
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactFields(fields) as Record<string, unknown>,
      },
    },
    destination,
  )
  const at =
    (label: 'debug' | 'info' | 'warn' | 'error') =>
    (...[fields, message]: Parameters<Log['info']>) => {
      const wanted = level()
      if (logger.level !== wanted && (wanted === 'silent' || wanted in logger.levels.values)) logger.level = wanted
      logger[label](fields, message)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

// One line per alert would bury the rest when ten thousand arrive at once.
const frequent: ReadonlySet<AuditType> = new Set([
  'alert.changed',
  'delivery.received',
  'attempt.probed',
  'retention.pruned',
])
const alarming: ReadonlySet<AuditType> = new Set([
  'config.refused',
  'incident.handed_over',
  'runner.survivor_ended',
  'notification.failed',
  'audit.key_changed',
])

/** Lines for events of one type in one commit; a storm says how many more there were. The audit log has them all. */
const alikeMax = 20

/** A commit listener that logs every audit event with the identities that lead back to it. */
export function createAuditLog(
  log: Log,
  { level }: Pick<LogOptions, 'level'>,
): (events: readonly AuditEvent[]) => void {
  return (events) => {
    const wanted = level()
    const verbose = wanted === 'debug' || wanted === 'trace'
    const seen = new Map<AuditType, number>()
    for (const event of events) {
      // Even a line that nobody writes costs something to put together, ten thousand times.
      if (frequent.has(event.type) && !verbose) continue
      const before = seen.get(event.type) ?? 0
      seen.set(event.type, before + 1)
      if (before >= alikeMax && !verbose && !alarming.has(event.type)) continue
      const { type, seq, actor, incident, attempt, playbook, target } = event
      const ids = { incident, attempt, playbook, target }
      const known = Object.fromEntries(Object.entries(ids).filter(([, id]) => id !== null))
      const fields = { event: type, seq, actor, ...known, ...brief(event) }
      if (frequent.has(type)) log.debug(fields, 'audit')
      else if (alarming.has(type)) log.warn(fields, 'audit')
      else log.info(fields, 'audit')
    }
    for (const [type, count] of seen) {
      if (count > alikeMax && !verbose && !alarming.has(type))
        log.info({ event: type, more: count - alikeMax }, 'audit')
    }
  }
}

const briefKeys = [
  'reason',
  'ending',
  'by',
  'verdict',
  'action',
  'outcome',
  'effect',
  'gate',
  'decision',
  'channel',
  'until',
]

// Evidence and whole plans stay in the log of record; the text log carries what tells one line from another.
function brief({ body }: AuditEvent): Record<string, string | number> {
  const picked: Record<string, string | number> = {}
  for (const key of briefKeys) {
    const value = body?.[key]
    if (typeof value === 'number') picked[key] = value
    if (typeof value === 'string') picked[key] = value.length > 300 ? `${value.slice(0, 300)}…` : value
  }
  return picked
}
