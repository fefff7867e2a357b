import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compilePromql } from '../../../src/adapters/rules/promql.ts'
import { renderTemplate } from '../../../src/domain/template.ts'

let prometheus: ChildProcess
let base = ''
const folder = mkdtempSync(join(tmpdir(), 'hepar-promql-'))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

beforeAll(async () => {
  const port = await freePort()
  base = `http://127.0.0.1:${port}`
  const config = join(folder, 'prometheus.yml')
  writeFileSync(config, '{}')
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  prometheus = spawn('prometheus', [...flags, '--log.level=error'], { stdio: 'ignore' })
  const deadline = Date.now() + 60_000
  for (;;) {
    const ready = await fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ready) return
    if (Date.now() > deadline || prometheus.exitCode !== null) throw new Error('prometheus did not become ready')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

afterAll(async () => {
  const ended = once(prometheus, 'exit')
  prometheus.kill('SIGKILL')
  await ended
  rmSync(folder, { recursive: true, force: true })
})

function render(query: string, x: string): string {
  const reading = compilePromql(query)
  if (!reading.ok) throw new Error(reading.reason)
  const rendering = renderTemplate(reading.template, {
    labels: { x },
    annotations: {},
    host: { ok: false, reason: '' },
  })
  if (!rendering.ok) throw new Error(rendering.reason)
  return rendering.text
}

async function ask(query: string): Promise<Record<string, string>[]> {
  const reply = await fetch(`${base}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query }) })
  const { status, data, error } = (await reply.json()) as {
    status: string
    error?: string
    data: { result: { metric: Record<string, string> }[] }
  }
  if (status !== 'success') throw new Error(`${error}: ${query}`)
  return data.result.map(({ metric }) => metric)
}

const hostile = fc.constantFrom(
  '"',
  "'",
  '`',
  '\\',
  '}',
  '\n',
  '\r',
  '\u007f',
  '"} or up{a="',
  '\\"',
  '\u2028',
  '\ufffd',
  '\\n',
  '[',
  '(?',
)
const value = fc
  .array(fc.oneof(hostile, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed() && !text.includes('\u0000'))

// absent() answers with the labels of its equality matchers: Prometheus itself says which value it read.
test.each(['absent(no{a="{{ labels.x }}"})', "absent(no{a='{{ labels.x }}'})", 'absent(no{a=`{{ labels.x }}`})'])(
  'Prometheus reads any value in %s as it was',
  async (query) => {
    await fc.assert(
      fc.asyncProperty(value, async (x) => {
        expect(await ask(render(query, x))).toEqual([{ a: x }])
      }),
      { numRuns: 60 },
    )
  },
)

test('Prometheus matches a quoted value in a regular expression literally', async () => {
  // A series with the value as its label comes out of absent(), and the matcher is applied to it by a join on a literal.
  await fc.assert(
    fc.asyncProperty(value, async (x) => {
      const series = render('absent(no{a="{{ labels.x }}"})', x)
      const regex = render('no{a=~"({{ labels.x }})"}', x).slice('no{a=~'.length, -1)
      const marked = await ask(`label_replace(${series}, "hit", "yes", "a", ${regex})`)
      expect(marked).toEqual([{ a: x, hit: 'yes' }])
      const missed = await ask(`label_replace(absent(no{a="other ${'x'.repeat(50)}"}), "hit", "yes", "a", ${regex})`)
      expect(missed[0]).not.toHaveProperty('hit')
    }),
    { numRuns: 40 },
  )
})
