import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** What each floor may import: floors of our own, and packages by name ('*' means any). */
const floors: Record<string, { readonly may: readonly string[]; readonly packages: readonly string[] }> = {
  'src/domain': { may: ['src/domain'], packages: ['zod', 'node:util', 'node:net'] },
  'src/engine': {
    may: ['src/engine', 'src/domain'],
    packages: ['croner', 'json-rules-engine', 're2js', 'node:crypto'],
  },
  'src/sdk': { may: ['src/sdk', 'src/domain'], packages: ['*'] },
  'src/files': { may: ['src/files', 'src/domain'], packages: ['*'] },
  'src/config': { may: ['src/config', 'src/files', 'src/domain'], packages: ['*'] },
  'src/adapters': { may: ['src/adapters', 'src/engine', 'src/domain', 'src/sdk', 'src/files'], packages: ['*'] },
  'src/http': { may: ['src/http', 'src/engine', 'src/domain'], packages: ['*'] },
  // The command line calls Hepar through the one guarded client, which plugins use, too.
  'src/cli': { may: ['src/cli', 'src/engine', 'src/domain', 'src/sdk'], packages: ['*'] },
  'src/demo': { may: ['src/demo', 'src/cli', 'src/sdk', 'src/domain'], packages: ['*'] },
  plugins: { may: ['src/sdk'], packages: ['*'] },
}

/** The rooms of the engine from the ground up: each may import itself, those before it, and `contract`. */
const rooms = [
  'match',
  'tell',
  'storm',
  'facts',
  'gates',
  'turns',
  'prove',
  'ladder',
  'approve',
  'end',
  'receive',
  'act',
  'assess',
  'silence',
  'recover',
  'operate',
  'keep',
]

/** What every room of the engine may import: what they need from the world, what they are to it, and what all of them do alike. */
const contract = ['ports.ts', 'engine.ts', 'errors.ts', 'digest.ts', 'rounds.ts']

const banned = /(^|[-/])(utils?|helpers?|manager|common|base|misc|lib)([-.]|$)/

interface Import {
  readonly file: string
  readonly from: string
  readonly type: boolean
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)
  const lazy = [...text.matchAll(/import\(\s*'([^']+)'\s*\)/g)].map(([, from]) => ({ file, from: from!, type: false }))
  return [...[...found].map(([, type, from]) => ({ file, from: from!, type: type !== undefined })), ...lazy]
}

function floorOf(file: string): string | undefined {
  return Object.keys(floors).find((floor) => file.startsWith(`${floor}/`))
}

const all = [...sources('src'), ...sources('plugins')].flatMap(importsOf)

describe('the house', () => {
  test('imports point down', () => {
    const wrong = all.filter(({ file, from }) => {
      const floor = floors[floorOf(file) ?? '']
      if (!floor) return false
      if (!from.startsWith('.')) return !floor.packages.includes('*') && !floor.packages.includes(from)
      const to = relative(root, resolve(root, dirname(file), from))
      return !floor.may.some((allowed) => to.startsWith(`${allowed}/`))
    })
    expect(wrong.map(({ file, from }) => `${file} → ${from}`)).toEqual([])
  })

  test('a room of the engine imports only what lies below it', () => {
    const within = (path: string) => relative('src/engine', path).split('/')
    const wrong = all.filter(({ file, from }) => {
      const [room = '', inside] = within(file)
      const [to = ''] = within(relative(root, resolve(root, dirname(file), from)))
      if (!file.startsWith('src/engine/') || inside === undefined || !from.startsWith('.') || to === '..') return false
      return contract.includes(to) ? false : !rooms.slice(0, rooms.indexOf(room) + 1).includes(to)
    })
    expect(wrong.map(({ file, from }) => `${file} → ${from}`)).toEqual([])
    const folders = readdirSync(join(root, 'src/engine'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    expect(folders.map(({ name }) => name)).toEqual(rooms.toSorted())
  })

  test('only the composition root names adapters', () => {
    const named = all.filter(({ file, from }) => /\/adapters\//.test(from) && !file.startsWith('src/adapters/'))
    expect([...new Set(named.map(({ file }) => file))]).toEqual(['src/app.ts'])
  })

  test('nothing needs the demo', () => {
    const needing = all.filter(({ file, from }) => /\/demo\//.test(from) && !file.startsWith('src/demo/'))
    expect(needing).toEqual([])
  })

  test('there are no import cycles', () => {
    const graph = new Map<string, string[]>()
    for (const { file, from, type } of all) {
      if (type || !from.startsWith('.')) continue
      graph.set(file, [...(graph.get(file) ?? []), relative(root, resolve(root, dirname(file), from))])
    }
    expect(cycles(graph)).toEqual([])
  })

  test('relative imports name the file with its ending', () => {
    const bare = all.filter(({ from }) => from.startsWith('.') && !/\.(ts|mjs|json)$/.test(from))
    expect(bare).toEqual([])
  })

  test('there is one public door and no other barrel', () => {
    const barrels = sources('src').filter((file) => file.endsWith('/index.ts'))
    expect(barrels).toEqual(['src/sdk/index.ts'])
  })

  test('file names say what is inside, and no file is a catch-all', () => {
    const files = [...sources('src'), ...sources('plugins')]
    expect(files.filter((file) => banned.test(file))).toEqual([])
    const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('only node:sqlite’s one module opens databases, and plugins are never imported by the main process', () => {
    const opening = all.filter(({ from, type }) => from === 'node:sqlite' && !type)
    expect(new Set(opening.map(({ file }) => file)).size).toBe(1)
    expect(all.filter(({ file, from }) => file.startsWith('src/') && from.includes('/plugins/'))).toEqual([])
  })
})

test('whatever calls a URL does so through the one guarded exchange', () => {
  const calls = /\b(?:request|get)\b[^;]*?from 'node:https?'|from '(?:node:http2|undici|axios|got)'|\bfetch\([^)]/i
  // The demo is no part of Hepar: it plays the world around it, and asks only what it has started itself.
  const calling = [...sources('src'), ...sources('plugins')].filter((file) => {
    return !file.startsWith('src/demo/') && calls.test(readFileSync(join(root, file), 'utf8'))
  })
  expect(calling).toEqual(['src/sdk/http-exchange.ts'])
  // Docker engines are spoken to by dockerode alone, at the addresses of docker.hosts.
  const engines = all.filter(({ from, type }) => from === 'dockerode' && !type)
  expect(new Set(engines.map(({ file }) => file))).toEqual(
    new Set(['src/adapters/docker/client.ts', 'src/sdk/container-engine.ts']),
  )
  const redis = all.filter(({ from, type }) => from === 'ioredis' && !type)
  expect(new Set(redis.map(({ file }) => file))).toEqual(new Set(['src/sdk/redis-link.ts']))
  const mail = all.filter(({ from, type }) => from === 'nodemailer' && !type)
  expect(new Set(mail.map(({ file }) => file))).toEqual(new Set(['src/adapters/notify/email.ts']))
})

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]) => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file])
      return
    }
    if (done.has(file)) return
    for (const to of graph.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  return found
}
