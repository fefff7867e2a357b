import { permit } from '../../domain/http-allow.ts'
import type { Probe } from '../../domain/playbook.ts'
import { compileTemplate, type Template, type TemplateReading } from '../../domain/template.ts'
import { sampleUrl, urlTemplateProblem } from '../../domain/url-template.ts'
import { unknownKeyWords } from '../../files/fields.ts'
import { isMap, readFields } from '../../files/read-fields.ts'
import type { Path, Report } from '../../files/source-file.ts'
import type { PlaybookContext } from './context.ts'
import { clearedShape, httpShape, promqlShape } from './playbook-schema.ts'
import { compilePromql } from './promql.ts'

const kinds = ['alert', 'promql', 'http'] as const

/** Reads one check of `verify`; `null` with problems. */
export function readProbe(value: unknown, path: Path, context: PlaybookContext, report: Report): Probe | null {
  const present = isMap(value) ? kinds.filter((kind) => Object.hasOwn(value, kind)) : []
  if (!isMap(value) || present.length !== 1) {
    for (const key of isMap(value) ? Object.keys(value) : []) {
      if (!(kinds as readonly string[]).includes(key))
        report([...path, key], unknownKeyWords(key, kinds), { at: 'key' })
    }
    report(path, 'a check needs exactly one of "alert: cleared", "promql" and "http"')
    return null
  }
  if (present[0] === 'alert') return readFields(clearedShape, value, path, report)?.alert ? { kind: 'cleared' } : null
  return present[0] === 'promql' ? readPromql(value, path, report) : readHttp(value, path, context, report)
}

function readPromql(value: unknown, path: Path, report: Report): Probe | null {
  const text = readFields(promqlShape, value, path, report)?.promql
  const query = text === undefined ? null : compiled(compilePromql(text), [...path, 'promql'], report)
  return query && { kind: 'promql', query }
}

function readHttp(value: unknown, path: Path, { config }: PlaybookContext, report: Report): Probe | null {
  const http = readFields(httpShape, value, path, report)?.http
  const url = http ? compiled(compileUrl(http.url), [...path, 'http', 'url'], report) : null
  const permitted = url && config.http ? permit(sampleUrl(url), config.http.allow) : null
  if (permitted?.ok === false) report([...path, 'http', 'url'], permitted.reason)
  return url && { kind: 'http', url, status: http?.status ?? 200, timeoutMs: http?.timeout ?? 5_000 }
}

function compiled(reading: TemplateReading, path: Path, report: Report): Template | null {
  if (reading.ok) return reading.template
  report(path, reading.reason)
  return null
}

/** Compiles a URL whose host is fixed in the file: only path, query and fragment may come from an alert. */
export function compileUrl(text: string): TemplateReading {
  const reading = compileTemplate(text, 'url')
  const problem = reading.ok ? urlTemplateProblem(reading.template) : null
  return problem === null ? reading : { ok: false, reason: problem }
}
