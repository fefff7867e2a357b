import { expect, test } from 'vitest'
import { createAuditLog, createLog } from '../../../src/adapters/telemetry/log.ts'
import { chained, now } from '../../http/fake-parts.ts'

function logger(changes: { level?: () => string; secrets?: () => string[]; pretty?: boolean } = {}) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLog({ level: () => 'debug', secrets: () => [], pretty: false, ...changes, write })
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is JSON with time, level, constant message and its data in fields', () => {
  const { log, parsed } = logger()
  log.warn({ incident: 'i1', retryMs: 5 }, 'cannot advance incident')
  expect(parsed()).toEqual([
    { level: 'warn', time: expect.any(String), incident: 'i1', retryMs: 5, msg: 'cannot advance incident' },
  ])
})

test('a known secret never appears, not in a field, not in a message, not inside another text', () => {
  const secret = 'pa"ss\\word'
  const { log, lines } = logger({ secrets: () => [secret, 'x'] })
  log.info({ note: `sent ${secret} away`, deep: { er: [secret] } }, `saw ${secret}`)
  log.info({ url: 'http://user:hunter22@prometheus:9090/x' }, 'asked http://user:hunter22@host/')
  log.info({ headers: { Authorization: 'Bearer abc', password: 'p', token: 't' } }, 'headers')
  const text = lines.join('')
  expect(text).not.toContain('ss\\\\word')
  expect(text).not.toMatch(/hunter22|Bearer abc|"p"|"t"/)
  expect(text).toContain('[redacted]')
})

test('a line steers no terminal and hides nothing, and reads as what was said', () => {
  const said = 'a\u009b31m b\u0085c \u202ed\u200be \u2028f \u{e0041}g'
  const { log, lines, parsed } = logger()
  log.info({ said }, 'heard')
  expect(lines.join('').trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(parsed()[0]).toMatchObject({ said })
})

test('the level is asked anew for each line', () => {
  let level = 'warn'
  const { log, lines } = logger({ level: () => level })
  log.info({}, 'quiet')
  level = 'info'
  log.info({}, 'heard')
  level = 'nonsense'
  log.info({}, 'still heard')
  expect(lines).toHaveLength(2)
})

test('a line for people obeys no control character of an alert', () => {
  const { log, lines } = logger({ pretty: true })
  log.error({ target: 'web\u001b[2J', note: 'a\u009bb \u202ec' }, 'audit')
  expect(lines[0]).toContain('\\u001b[2J')
  expect(lines[0]).toContain('\\u009b')
  expect(lines[0]).toContain('\\u202e')
  expect(lines[0]).toMatch(/audit .*\n$/)
})

test('every audit event is logged with the identities that lead back to it, without its evidence', () => {
  const { log, parsed } = logger()
  const body = { ending: 'healed', reason: 'r'.repeat(500), evidence: { log: 'huge' } }
  const events = chained([
    { type: 'incident.closed', at: now, actor: 'engine', incident: 'i1', playbook: 'sick', body },
    { type: 'alert.changed', at: now, actor: 'engine', body: { decision: 'matched' } },
    { type: 'incident.handed_over', at: now, actor: 'engine', body: { reason: 'ladder exhausted' } },
  ])
  createAuditLog(log, { level: () => 'debug' })(events)
  const [closed, decided, handed] = parsed()
  expect(closed).toMatchObject({ level: 'info', event: 'incident.closed', incident: 'i1', ending: 'healed', seq: 1 })
  expect(JSON.stringify(closed)).not.toContain('huge')
  expect(String(closed!.reason).length).toBeLessThan(310)
  expect(decided).toMatchObject({ level: 'debug' })
  expect(handed).toMatchObject({ level: 'warn', reason: 'ladder exhausted' })
  createAuditLog(log, { level: () => 'info' })(events)
  expect(
    parsed()
      .slice(3)
      .map(({ event }) => event),
  ).toEqual(['incident.closed', 'incident.handed_over'])
})

test('of many events of one type in one commit the first are written, and how many more there were', () => {
  const { log, parsed } = logger()
  const like = { at: now, actor: 'engine', incident: 'i1', body: {} } as const
  const opened = Array.from({ length: 500 }, () => ({ ...like, type: 'incident.opened' }) as const)
  const handed = Array.from({ length: 30 }, () => ({ ...like, type: 'incident.handed_over' }) as const)
  createAuditLog(log, { level: () => 'info' })(chained([...opened, ...handed]))
  const lines = parsed()
  expect(lines.filter((line) => line.event === 'incident.opened')).toHaveLength(21)
  expect(lines.at(-1)).toMatchObject({ event: 'incident.opened', more: 480 })
  expect(lines.filter((line) => line.event === 'incident.handed_over')).toHaveLength(30)
})
