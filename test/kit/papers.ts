import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** One Markdown file, taken apart as far as tests ask. */
export interface Paper {
  readonly file: string
  readonly text: string
  /** Fenced blocks with their language. */
  readonly blocks: readonly { readonly language: string; readonly text: string }[]
  /** Inline code, without its backquotes. */
  readonly spans: readonly string[]
  /** Targets of links. */
  readonly links: readonly string[]
  /** The anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}

/** Every paper of the project, by its path. */
export function readPapers(): ReadonlyMap<string, Paper> {
  const docs = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)
  const files = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.filter((name) => name.endsWith('.md'))]
  return new Map(files.map((file) => [file, readPaper(file)]))
}

function readPaper(file: string): Paper {
  const text = readFileSync(join(root, file), 'utf8')
  const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  const prose = text.replace(/^```\w*\n[\s\S]*?^```$/gm, '')
  return {
    file,
    text,
    blocks: fences.map(([, language = '', content = '']) => ({ language, text: content })),
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    anchors: new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title))),
  }
}

function anchorOf(title: string): string {
  const kept = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '')
  return kept.trim().replaceAll(' ', '-')
}

/** Command lines of the papers: shell blocks without comments, with continued lines joined, and inline code. */
export function commandLines({ blocks, spans }: Paper): readonly string[] {
  const shell = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.replaceAll('\\\n', ' '))
  const lines = shell.flatMap((text) => text.split('\n')).map((line) => line.replace(/(^|\s)#.*$/, ''))
  return [...lines, ...spans].flatMap((line) => line.split(/&&|\|/)).map((line) => line.trim())
}

/** The cells of every table row. */
export function tableRows({ text }: Paper): readonly (readonly string[])[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  return rows.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly $ref?: string
}

/** Every key that a JSON Schema knows, written as in the papers: `sources[].name`, `docker.hosts.NAME.url`. */
export function keysOf(schema: JsonSchema, path = ''): readonly string[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
      keysOf(value, path === '' ? key : `${path}.${key}`),
    ),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((choice) => keysOf(choice, path)),
    ...(schema.items ? keysOf(schema.items, `${path}[]`) : []),
    ...(isMap(schema.additionalProperties) ? keysOf(schema.additionalProperties, `${path}.NAME`) : []),
  ]
  const deeper = below.filter((key) => key !== path && key !== `${path}[]` && key !== `${path}.NAME`)
  return [...new Set(deeper.length > 0 ? deeper : [path])]
}

function isMap(value: JsonSchema | boolean | undefined): value is JsonSchema {
  return typeof value === 'object'
}
