import { readFileSync } from 'node:fs'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { Problem } from '../domain/policy.ts'
import { whyUnreadable } from './unreadable.ts'
import { errorWords } from './yaml-words.ts'

export type Path = readonly PropertyKey[]

/** Collects one problem of a file. `key` points at the key instead of its value. */
export type Report = (path: Path, message: string, options?: ReportOptions) => void

export interface ReportOptions {
  readonly severity?: Problem['severity']
  readonly at?: 'key' | 'value'
}

/** A YAML or JSON file as plain data, which remembers where everything stands. */
export interface SourceFile {
  readonly file: string
  /** `null` for an empty file. */
  readonly value: unknown
  /** Position of a path's value or key; of its nearest existing ancestor when there is none. Both start at 1. */
  position(path: Path, at?: 'key' | 'value'): { readonly line: number; readonly column: number }
}

export type SourceReading =
  | { readonly ok: true; readonly source: SourceFile }
  /** `readable` is the file with the last of each duplicate key, so that one hides no other problem; `null` when nothing can be read. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly readable: SourceFile | null }

const refusedKeys = ['__proto__', 'constructor', 'prototype']

/** Reads a file of at most `bytesMax` bytes. Problems never quote its content. */
export function readSourceFile(file: string, bytesMax: number): SourceReading {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    return failed(file, whyUnreadable(error))
  }
  if (bytes.length > bytesMax) return failed(file, `is larger than ${bytesMax} bytes`)
  const text = decode(bytes)
  if (text === null) return failed(file, 'is not valid UTF-8')
  try {
    return parseSource(file, text)
  } catch (error) {
    if (error instanceof RangeError) return failed(file, 'is nested too deeply')
    throw error
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Parses YAML 1.2, or JSON when the file's name ends so. All syntax problems come together. */
export function parseSource(file: string, text: string): SourceReading {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const problems: Problem[] = []
  const add = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset)
    problems.push({ severity: 'error', file, line, column: col, message })
  }
  for (const { code, pos } of [...document.errors, ...document.warnings]) add(pos[0], errorWords(code))
  const anchors = new Set<string>()
  visit(document, {
    Value: (_, { anchor }) => {
      if (anchor) anchors.add(anchor)
    },
    Alias: (_, { source, range }) => {
      if (!anchors.has(source)) add(range?.[0] ?? 0, errorWords('BAD_ALIAS'))
    },
    Pair: (_, { key }) => {
      if (!isScalar(key) || !refusedKeys.includes(String(key.value))) return
      add(key.range?.[0] ?? 0, `the key "${key.value}" is not allowed`)
    },
  })
  if (file.endsWith('.json') && problems.length === 0) problems.push(...jsonProblems(file, text))
  const onlyDuplicates = problems.length === document.errors.filter(({ code }) => code === 'DUPLICATE_KEY').length
  if (!onlyDuplicates) return { ok: false, problems, readable: null }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    const source: SourceFile = { file, value, position: (path, at) => position(document, lines, path, at) }
    return problems.length === 0 ? { ok: true, source } : { ok: false, problems, readable: source }
  } catch (error) {
    if (error instanceof RangeError) throw error
    return failed(file, 'repeats its anchors too often')
  }
}

function jsonProblems(file: string, text: string): Problem[] {
  try {
    JSON.parse(text)
    return []
  } catch (error) {
    const place = /line (\d+) column (\d+)/.exec(String(error))
    const [line, column] = [Number(place?.[1] ?? 0), Number(place?.[2] ?? 0)]
    return [{ severity: 'error', file, line, column, message: 'is not JSON: name the file .yaml to write YAML' }]
  }
}

function failed(file: string, message: string): SourceReading {
  return { ok: false, problems: [{ severity: 'error', file, line: 0, column: 0, message }], readable: null }
}

function position(document: Document, lines: LineCounter, path: Path, at: 'key' | 'value' = 'value') {
  let node = document.contents as Node | null
  let offset = node?.range?.[0] ?? 0
  for (const [index, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
      if (!pair) break
      const key = pair.key as Node
      const value = pair.value as Node | null
      const wantsKey = at === 'key' && index === path.length - 1
      offset = (wantsKey ? key.range?.[0] : (value?.range?.[0] ?? key.range?.[0])) ?? offset
      node = value
    } else if (isSeq(node)) {
      node = (node.items[Number(segment)] as Node | undefined) ?? null
      if (!node) break
      offset = node.range?.[0] ?? offset
    } else break
  }
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

/** The problems of one file, from top to bottom. */
export function fromTopToBottom(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/** A reporter that puts a file's positions and the name of the field to problems and collects them. */
export function reporter(source: SourceFile, problems: Problem[]): Report {
  return (path, message, { severity = 'error', at = 'value' } = {}) => {
    const field = fieldName(at === 'key' ? path.slice(0, -1) : path)
    const text = field === '' ? message : `${field}: ${message}`
    problems.push({ severity, file: source.file, ...source.position(path, at), message: text })
  }
}

function fieldName(path: Path): string {
  let name = ''
  for (const segment of path) {
    if (typeof segment === 'number') name += `[${segment}]`
    else name += name === '' ? String(segment) : `.${String(segment)}`
  }
  return name
}
