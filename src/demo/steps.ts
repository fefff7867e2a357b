import { styleText } from 'node:util'
import { visible } from '../domain/visible.ts'

/** What the demo tells, in order. Under `--json` each is one line, with `at` and `elapsedMs`. */
export type Step =
  | { readonly step: 'start'; readonly mode: 'quick' | 'live'; readonly folder: string; readonly text: string }
  | { readonly step: 'act'; readonly act: number; readonly title: string; readonly shows: string; readonly why: string }
  | { readonly step: 'curtain'; readonly title: string; readonly text: string }
  /** What somebody outside Hepar does or says. */
  | { readonly step: 'note'; readonly by: string; readonly text: string }
  /** One event of Hepar's audit log. */
  | {
      readonly step: 'event'
      readonly seq: number
      readonly type: string
      readonly eventAt: string
      readonly incident: string | null
      readonly words: string
    }
  /** What a command of Hepar printed, or the part of it that matters here. */
  | { readonly step: 'quote'; readonly command: string; readonly lines: readonly string[] }
  /** Something looked up outside Hepar, and what it must be. */
  | {
      readonly step: 'fact'
      readonly fact: string
      readonly ok: boolean
      readonly saw: string
      readonly wanted: string
    }
  | { readonly step: 'summary'; readonly lines: readonly (readonly [string, string])[] }
  | { readonly step: 'next'; readonly lines: readonly (readonly [string, string])[] }
  | { readonly step: 'failed'; readonly message: string; readonly next: string }
  | { readonly step: 'end'; readonly ok: boolean; readonly code: number; readonly text: string }

export type Tell = (step: Step) => void

/** Tells each step as soon as it happens: to people as lines with the seconds since the beginning, or as JSON. */
export function createTeller(json: boolean, out: (text: string) => void, now = () => performance.now()): Tell {
  const began = now()
  return (step) => {
    const elapsedMs = Math.round(now() - began)
    const line = { at: new Date().toISOString(), elapsedMs, ...step }
    out(json ? `${JSON.stringify(line)}\n` : formatStep(step, elapsedMs))
  }
}

/** A step as lines for people. Colours are those of the terminal, none where there is none or NO_COLOR is set. */
export function formatStep(step: Step, elapsedMs: number): string {
  const line = (by: string, text: string) =>
    `${time(elapsedMs)}  ${by}${' '.repeat(Math.max(0, 8 - by.length))}  ${text}\n`
  switch (step.step) {
    case 'start':
      return `${styleText('bold', step.text)}\n`
    case 'act':
      return [
        `\n${styleText('bold', `Act ${step.act}: ${step.title}`)}`,
        `  shows  ${step.shows}`,
        `  why    ${step.why}\n\n`,
      ].join('\n')
    case 'curtain':
      return `\n${styleText('bold', step.title)}: ${step.text}\n\n`
    case 'note':
      return line(step.by, visible(step.text))
    case 'event':
      return line(
        `log ${step.seq}`.padEnd(8),
        `${styleText('cyan', step.type.padEnd(20))} ${visible(step.words)}`.trimEnd(),
      )
    case 'quote':
      return (
        line('you', styleText('bold', `$ ${step.command}`)) + step.lines.map((text) => `${margin}${text}\n`).join('')
      )
    case 'fact':
      return step.ok
        ? line('fact', `${styleText('green', 'ok')}  ${step.fact}: ${visible(step.saw)}`)
        : line('fact', `${styleText('red', 'NOT SO')}  ${step.fact}: ${visible(step.saw)}; it must be: ${step.wanted}`)
    case 'summary':
    case 'next':
      return `\n${styleText('bold', step.step === 'summary' ? 'What happened' : 'Where to look next')}\n${columns(step.lines)}`
    case 'failed':
      return `\n${styleText('red', 'The demo has failed')}: ${step.message.split('\n').map(visible).join('\n')}\n${step.next}\n`
    case 'end':
      return `\n${styleText(step.ok ? 'green' : 'red', step.text)}\n`
  }
}

const margin = ' '.repeat(21)

function time(elapsedMs: number): string {
  return styleText('dim', `${(elapsedMs / 1_000).toFixed(1).padStart(6)}s`)
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join('')
}
