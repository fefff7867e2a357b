import { styleText } from 'node:util'
import { visible } from '../domain/visible.ts'

const cellMax = 80
/** Nothing stands right of the last column, so that its text may go on. */
const lastCellMax = 400

/** Rows as aligned columns under a header; control characters are shown, not obeyed. */
export function formatTable(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = rows.map((row) =>
    row.map((value, index) => cell(value, index === header.length - 1 ? lastCellMax : cellMax)),
  )
  const widths = header.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return `${[styleText('bold', line(header)), ...cells.map(line)].join('\n')}\n`
}

/** Names and values under each other; what is empty is left out. */
export function formatFields(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${styleText('dim', name.padEnd(width))}  ${visible(text(value))}\n`).join('')
}

export function heading(title: string): string {
  return `\n${styleText('bold', title)}\n`
}

function cell(value: unknown, charactersMax: number): string {
  const shown = visible(text(value))
  return shown.length > charactersMax ? `${shown.slice(0, charactersMax - 1)}…` : shown
}

function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
