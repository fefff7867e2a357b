import { styleText as style } from 'node:util'
import { visible } from '../../domain/visible.ts'

// The log goes to standard error, so that decides about colours.
const styleText = (format: Parameters<typeof style>[0], text: string) => style(format, text, { stream: process.stderr })

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

/** A JSON log line as one line for people. Control characters are shown, not obeyed. */
export function formatLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const label = String(level)
  const colour = colours[label as keyof typeof colours] ?? 'magenta'
  const rest = Object.entries(fields).map(([key, value]) => `${styleText('dim', `${key}=`)}${show(value)}`)
  const clock = String(time).slice(11, 19)
  return `${[styleText('dim', clock), styleText(colour, label.padEnd(5)), visible(String(msg)), ...rest].join(' ')}\n`
}

function show(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:@+-]+$/.test(value)) return value
  return visible(JSON.stringify(value))
}
