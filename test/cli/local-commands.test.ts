import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LocalTools } from '../../src/cli/parts.ts'
import type { AuditHead } from '../../src/domain/audit.ts'
import { run } from './run.ts'

const mac = 'ab'.repeat(32)

test('check prints every problem where an editor can jump to it, and fails only on errors', async () => {
  const warning = {
    severity: 'warning',
    file: 'rules/a.yaml',
    line: 1,
    column: 1,
    message: 'no positive probe',
  } as const
  const error = { severity: 'error', file: 'plugins/x.ts', line: 0, column: 0, message: 'no default export' } as const
  const asked: [string | null, boolean][] = []
  const tools = (problems: readonly (typeof warning | typeof error)[]): Partial<LocalTools> => ({
    check: async ({ configFile, offline }) => {
      asked.push([configFile, offline])
      return { problems, playbooks: 2, actions: 1 }
    },
  })
  const good = await run(['check'], {}, tools([warning]))
  expect(good).toMatchObject({ code: 0 })
  expect(good.out).toContain(
    'rules/a.yaml:1:1: warning: no positive probe\nok: 2 playbooks, 1 action, 0 errors, 1 warning',
  )
  const bad = await run(['check', '--config', 'x.yaml'], {}, tools([warning, error]))
  expect(bad.code).toBe(1)
  expect(bad.out).toContain('plugins/x.ts: error: no default export\nnot usable: ')
  expect((await run(['check', '--json', '--offline'], {}, tools([error]))).code).toBe(1)
  expect(asked).toEqual([
    [null, false],
    ['x.yaml', false],
    [null, true],
  ])
})

test('audit verify takes a checkpoint from `audit head --json` or the end of an export, and fails when the log is not intact', async () => {
  const seen: (AuditHead | null)[] = []
  const tools: Partial<LocalTools> = {
    verifyAudit: async ({ checkpoint }) => {
      seen.push(checkpoint)
      if (checkpoint === null) return { ok: false, seq: 3, problem: 'mac', reason: 'event 3 was changed', verified: 2 }
      return { ok: true, head: { seq: 7, mac, at: 0 }, count: 7, erased: 1, pruned: null, checkpoint: 'matched' }
    },
  }
  const head = join(tmpdir(), `hepar-head-${process.pid}.json`)
  writeFileSync(head, JSON.stringify({ seq: 5, mac, at: '2030-01-01T00:00:00Z' }, null, 2))
  expect(await run(['audit', 'verify', '--checkpoint', head], {}, tools)).toMatchObject({
    code: 0,
    out: expect.stringContaining('the log is intact: 7 events'),
  })
  writeFileSync(head, `{"seq":1}\n${JSON.stringify({ checkpoint: { seq: 6, mac, at: 1 } })}\n`)
  await run(['audit', 'verify', '--checkpoint', head], {}, tools)
  expect(await run(['audit', 'verify'], {}, tools)).toMatchObject({
    code: 1,
    out: 'the log is NOT intact: event 3 was changed (events proven before it: 2)\n',
  })
  expect(seen).toEqual([{ seq: 5, mac, at: 0 }, { seq: 6, mac, at: 0 }, null])
  writeFileSync(head, 'nonsense')
  const words = (reason: string) => ({ code: 1, out: '', err: expect.stringContaining(reason) })
  expect(await run(['audit', 'verify', '--checkpoint', head], {}, tools)).toMatchObject(words('is not a checkpoint'))
  rmSync(head)
  expect(await run(['audit', 'verify', '--checkpoint', head], {}, tools)).toMatchObject(
    words(`there is no file ${head}`),
  )
})

test('audit export streams the lines as they are', async () => {
  async function* exportAudit() {
    yield '{"seq":1}\n'
    yield '{"checkpoint":{}}\n'
  }
  expect((await run(['audit', 'export'], {}, { exportAudit })).out).toBe('{"seq":1}\n{"checkpoint":{}}\n')
})

test('schema prints the schema of a file and knows no other', async () => {
  const tools: Partial<LocalTools> = { schema: (name) => ({ title: name }) }
  expect(JSON.parse((await run(['schema', 'playbook'], {}, tools)).out)).toEqual({ title: 'playbook' })
  expect((await run(['schema', 'nothing'], {}, tools)).code).toBe(2)
})

test('a failure is printed without a stack, and the stack is there when asked for', async () => {
  const tools: Partial<LocalTools> = {
    serve: async () => {
      throw new Error('data folder is in use')
    },
  }
  const plain = await run(['serve'], {}, tools)
  expect(plain).toMatchObject({ code: 1, err: 'hepar: data folder is in use\n' })
  expect((await run(['serve'], { HEPAR_DEBUG: '1' }, tools)).err).toContain('at ')
})

test('help says which commands need a server, and every command has help and --json', async () => {
  const { code, out } = await run(['--help'])
  expect(code).toBe(0)
  const [local, server] = out.split('Commands that ask a running server (HEPAR_URL, HEPAR_TOKEN):')
  for (const name of ['serve', 'check', 'schema', 'audit']) expect(local).toMatch(new RegExp(`^  ${name} `, 'm'))
  const remote = 'explain alerts incidents show run cancel resume pause unpause playbooks actions stats reload'.split(
    ' ',
  )
  for (const name of remote) {
    expect(server).toMatch(new RegExp(`^  ${name} `, 'm'))
    const help = await run([name, '--help'])
    expect(help).toMatchObject({ code: 0 })
    expect(help.out).toContain('--json')
    expect(help.out).toContain('HEPAR_TOKEN')
  }
  for (const argv of [
    ['serve'],
    ['check'],
    ['schema'],
    ['audit', 'verify'],
    ['audit', 'export'],
    ['audit', 'rotate-key'],
  ]) {
    expect((await run([...argv, '--help'])).out).toContain('--json')
  }
})

test('a mistyped command or option is misuse, with a suggestion', async () => {
  const command = await run(['incident'])
  expect(command.code).toBe(2)
  expect(command.err).toContain('incidents')
  expect((await run(['check', '--configg', 'x'])).err).toContain('--config')
  expect((await run(['--version'])).out).toBe('1.2.3\n')
  expect((await run([])).code).toBe(2)
})
