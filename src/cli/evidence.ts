import { styleText } from 'node:util'
import { visible } from '../domain/visible.ts'

type Fields = Readonly<Record<string, unknown>>

const depthMax = 4

/** What was seen of a target before an effect, one thing a line: log lines below each other, and what belongs together below its name. */
export function formatEvidence(evidence: Fields, depth = 1): string {
  return Object.entries(evidence)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => formatEntry(name, value, depth))
    .join('')
}

function formatEntry(name: string, value: unknown, depth: number): string {
  const indent = '  '.repeat(depth + 1)
  const start = `${indent}${styleText('dim', visible(name))}`
  if (typeof value !== 'object' || value === null) return `${start}  ${visible(String(value))}\n`
  if (depth === depthMax || Object.keys(value).length === 0) return `${start}  ${visible(JSON.stringify(value))}\n`
  if (!Array.isArray(value)) return `${start}\n${formatEvidence(value as Fields, depth + 1)}`
  return `${start}\n${value.map((item) => `${indent}  ${visible(oneLine(item))}\n`).join('')}`
}

function oneLine(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item)
  return Object.entries(item)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
}
