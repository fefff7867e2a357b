import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { chained, type FakeWorld, fakeWorld, incident, now, token } from '../http/fake-parts.ts'
import { serve } from '../http/serve.ts'
import { someApproval, someAttempt } from '../kit/records.ts'
import { run } from './run.ts'

async function served(world: FakeWorld = fakeWorld()) {
  const { url } = await serve(world)
  return (...argv: string[]) => run(argv, { HEPAR_URL: url })
}

test('incidents are listed with state, target and the reason why they wait', async () => {
  const world = fakeWorld()
  const waiting = { gate: 'cooldown', reason: 'acted a minute ago', until: null, unblock: 'wait' }
  world.incidents = [
    incident('i1', { state: 'waiting', waiting }),
    incident('i2', { state: 'closed', ending: 'healed' }),
  ]
  const hepar = await served(world)
  const { code, out } = await hepar('incidents')
  expect(code).toBe(0)
  expect(out).toMatch(/^.*ID +STATE +PLAYBOOK/)
  expect(out).toMatch(/i2 +healed +container-unhealthy +container\/local\/web/)
  expect(out).toMatch(/i1 +waiting .*acted a minute ago/)
  const json = await hepar('incidents', '--state', 'waiting', '--json')
  expect((JSON.parse(json.out) as { id: string }[]).map(({ id }) => id)).toEqual(['i1'])
})

test('more incidents than one page holds are fetched page by page', async () => {
  const world = fakeWorld()
  world.incidents = Array.from({ length: 450 }, (_, index) => incident(`i${String(index).padStart(4, '0')}`))
  const hepar = await served(world)
  const { out } = await hepar('incidents', '--limit', '430', '--json')
  const ids = (JSON.parse(out) as { id: string }[]).map(({ id }) => id)
  expect(new Set(ids).size).toBe(430)
})

test('show says until when proof is waited for, and since when it holds, as long as that is so', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { state: 'verifying' })]
  const times = { effectEndedAt: now, verifyUntil: now + 120_000, heldSince: now + 4_000 }
  world.attempts = [someAttempt({ phase: 'verifying', effect: 'done', ...times })]
  const hepar = await served(world)
  const { out } = await hepar('show', 'i1')
  expect(out).toMatch(/heldSince .*2030-01-02T03:04:09.*\n.*proofUntil .*2030-01-02T03:06:05/)
  world.attempts = [someAttempt({ phase: 'concluded', effect: 'done', outcome: 'healed', ...times })]
  expect((await hepar('show', 'i1')).out).not.toMatch(/heldSince|proofUntil/)
})

test('show lists what was seen before an effect, one thing a line, and what it holds cannot steer the terminal', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { state: 'closed' })]
  const top = [{ pid: 12, command: 'java\u001b[2J', bytes: 1_048_576 }]
  const evidence = {
    state: 'exited',
    error: '',
    logs: ['first', 'last\u009b1m'],
    memory: { limitBytes: 5, top, usedBytes: null },
  }
  const { plan } = someAttempt()
  const effect = someAttempt({ phase: 'concluded', plan: { ...plan, evidence } })
  world.attempts = [effect, { ...effect, id: 'back', reverts: effect.id }]
  const { out } = await (await served(world))('show', 'i1')
  const lines = ['  evidence', '    state  exited', '    logs', '      first', '      last\\u009b1m', '    memory']
  const deeper = ['      limitBytes  5', '      top', '        pid 12, command java\\u001b[2J, bytes 1048576']
  expect(stripVTControlCharacters(out)).toContain(`${[...lines, ...deeper].join('\n')}\n`)
  expect(out.match(/ evidence\n/g)).toHaveLength(1)
})

test('show tells who is asked what it is to be decided on: what was seen, what came of it before, how much else is ill', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { state: 'awaiting_approval' })]
  const { plan, ...asked } = someApproval({ incident: 'i1' })
  const blast = { gate: 'blast_radius', result: 'pass', reason: '1 of 8 is ill', facts: {} } as const
  world.approvals = [{ ...asked, gates: [blast], plan: { ...plan, evidence: { logs: ['the last line'] } } }]
  const hepar = await served(world)
  const { out } = await hepar('show', 'i1')
  expect(stripVTControlCharacters(out)).toMatch(
    /Approval\n[\s\S]*pastSuccess +this step was not tried yet\n[\s\S]*blastRadius +1 of 8 is ill\n[\s\S]*\n {2}evidence\n {4}logs\n {6}the last line\n/,
  )
  world.approvals = [{ ...world.approvals[0]!, pastSuccess: { attempts: 3, healed: 2 } }]
  expect((await hepar('show', 'i1')).out).toMatch(/pastSuccess.* \{"attempts":3,"healed":2\}/)
})

test('show answers why not, with gate, until when and what would unblock it', async () => {
  const world = fakeWorld()
  const waiting = { gate: 'cooldown', reason: 'acted 1m ago', until: now, unblock: 'wait for the cooldown' }
  world.incidents = [incident('i1', { state: 'waiting', waiting })]
  world.events = chained([
    { type: 'incident.opened', at: now, actor: 'engine', incident: 'i1', body: { reason: 'it fires' } },
    {
      type: 'incident.assessed',
      at: now,
      actor: 'engine',
      incident: 'i1',
      body: { verdict: 'wait', gates: [{ gate: 'mode', result: 'pass', reason: 'auto', facts: {} }] },
    },
  ])
  const hepar = await served(world)
  const { out } = await hepar('show', 'i1')
  expect(out).toMatch(/Why not\n.*gate +cooldown\n.*reason +acted 1m ago\n.*until .*2030-01-02T03:04:05/)
  expect(out).toContain('wait for the cooldown')
  expect(out).toMatch(/mode +pass +auto/)
  expect(out).toMatch(/incident\.opened +engine +it fires/)
})

test('show tells what would be done, and what each event came to, without cutting the reasons', async () => {
  const world = fakeWorld()
  const long = `the source cannot be asked: ${'very '.repeat(30)}far away`
  const waiting = { gate: 'mode', reason: 'mode is observe: plan only', until: null, unblock: 'raise mode' }
  world.incidents = [incident('i1', { state: 'waiting', waiting })]
  const event = { at: now, actor: 'engine', incident: 'i1' }
  const checks = [
    { check: 'alert: cleared', passed: true, detail: 'cleared' },
    { check: 'promql up == 1', passed: false, detail: 'the result is empty' },
  ]
  world.events = chained([
    { ...event, type: 'incident.assessed', body: { verdict: 'wait', action: 'container-restart', gates: [] } },
    { ...event, type: 'incident.waiting', body: { reason: long } },
    { ...event, type: 'incident.would_run', body: { summary: 'Restart container web on local' } },
    { ...event, type: 'attempt.intended', body: { plan: 'Restart container web' } },
    { ...event, type: 'attempt.probed', body: { passed: false, checks } },
    { ...event, type: 'attempt.concluded', body: { outcome: 'ineffective', reason: 'still ill' } },
  ])
  const { out } = await (await served(world))('show', 'i1')
  expect(out).toMatch(/Why not\n.*gate +mode\n(.*\n)+would +Restart container web on local\n/)
  expect(out).toContain(long)
  expect(out).toMatch(/incident\.assessed +engine +wait: container-restart\n/)
  expect(out).toMatch(/attempt\.intended +engine +Restart container web\n/)
  expect(out).toMatch(/attempt\.probed +engine +promql up == 1: the result is empty\n/)
  expect(out).toMatch(/attempt\.concluded +engine +ineffective: still ill\n/)
})

test('show without an id shows the newest incident, or says that there is none', async () => {
  const world = fakeWorld()
  const hepar = await served(world)
  expect(await hepar('show')).toMatchObject({ code: 1, err: expect.stringMatching(/no incident yet\n.*hepar alerts/) })
  world.incidents = [incident('i1'), incident('i2', { target: 'container/local/newest' })]
  expect((await hepar('show')).out).toContain('container/local/newest')
})

test('text from an alert cannot steer the terminal', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { target: 'container/local/\u001b[2Jweb\u009b1m\r\n' })]
  const { out } = await (await served(world))('incidents')
  for (const control of ['\u001b[2J', '\u009b', '\r']) expect(out).not.toContain(control)
  expect(out).toContain('\\u001b[2Jweb')
})

test('an incident that does not exist fails with the next step', async () => {
  const hepar = await served()
  const { code, err } = await hepar('show', 'none')
  expect(code).toBe(1)
  expect(err).toContain('there is no such incident')
  expect(err).toContain('GET /api/v1/incidents')
  const json = await hepar('show', 'none', '--json')
  expect(JSON.parse(json.err)).toMatchObject({ error: { code: 'not_found' } })
})

test('operating commands carry their reason, and refuse to go without one', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1')]
  const hepar = await served(world)
  expect((await hepar('cancel', 'i1')).code).toBe(2)
  expect((await hepar('cancel', 'i1', '--reason', 'false alarm')).code).toBe(0)
  expect((await hepar('resume', 'i1', '-r', 'fixed')).code).toBe(0)
  const healed = await hepar(
    'run',
    'container-restart',
    'container/local/web',
    '-w',
    'grace=5s',
    '-w',
    'n=3',
    '-r',
    'x',
  )
  expect(healed.out).toContain('hepar show manual-1')
  expect(world.asked.map(({ verb, more }) => [verb, more])).toEqual([
    ['cancel', 'false alarm'],
    ['resume', 'fixed'],
    [
      'heal',
      {
        action: 'container-restart',
        target: 'container/local/web',
        with: { grace: '5s', n: 3 },
        reason: 'x',
        by: 'operator:local',
      },
    ],
  ])
})

test('the stop switch is turned on for a while and lifted', async () => {
  const world = fakeWorld()
  const hepar = await served(world)
  expect((await hepar('pause', '--for', 'soon', '-r', 'x')).code).toBe(2)
  expect((await hepar('pause', '--for', '30m', '-r', 'deploy')).out).toMatch(/reason +deploy/)
  expect(world.pause).toMatchObject({ reason: 'deploy', until: now + 30 * 60_000 })
  expect((await hepar('unpause')).code).toBe(0)
  expect(world.pause).toBeNull()
})

test('pause --show says whether, by whom, why and until when, and changes nothing', async () => {
  const world = fakeWorld()
  const hepar = await served(world)
  expect(await hepar('pause', '--show')).toMatchObject({ code: 0, out: expect.stringMatching(/^.*paused.* no\n$/) })
  expect(JSON.parse((await hepar('pause', '--show', '--json')).out)).toEqual({ paused: false })
  await hepar('pause', '--reason', 'deploy')
  const before = world.pause
  const { code, out } = await hepar('pause', '--show')
  expect(code).toBe(0)
  expect(out).toMatch(
    /paused.* yes\n.*reason.* deploy\n.*by.* \S+\n.*since.* 2030-01-02T03:04:05\S+\n.*until.* it is lifted\n/,
  )
  await hepar('pause', '--reason', 'deploy', '--for', '30m')
  expect((await hepar('pause', '--show')).out).toMatch(/until.* 2030-01-02T03:34:05/)
  const json = JSON.parse((await hepar('pause', '--show', '--json')).out)
  expect(json).toMatchObject({
    paused: true,
    reason: 'deploy',
    by: before?.by,
    until: expect.stringContaining('T03:34:05'),
  })
})

test('pause --show does not let a pause beside the stop switch be overlooked', async () => {
  const hepar = await served(fakeWorld())
  await hepar('pause', '--playbook', 'web', '--reason', 'drill')
  expect((await hepar('pause', '--show')).out).toMatch(/paused.* no\n.*besides.* 1 .*hepar pause --list/)
})

test('pause without a word of why is misused, and says how to look instead; nothing is paused or asked', async () => {
  const world = fakeWorld()
  const hepar = await served(world)
  const bare = await hepar('pause')
  expect(bare).toMatchObject({ code: 2, err: expect.stringMatching(/--reason .*--show/) })
  expect((await hepar('pause', '--show', '--reason', 'x')).code).toBe(2)
  expect((await hepar('pause', '--show', '--for', '1m')).code).toBe(2)
  expect(world.pause).toBeNull()
})

test('reload first says what would match, and stops there on a dry run', async () => {
  const world = fakeWorld()
  const preview = { active: 12, willMatch: 7, willOpen: 3 }
  world.reloadReport = { ok: true, dryRun: true, revision: 'abcdef', playbooks: 2, actions: 1, preview, warnings: [] }
  const hepar = await served(world)
  const dry = await hepar('reload', '--dry-run')
  expect(dry.out).toContain('will match 7 of 12 active alerts now, opening 3 incidents')
  expect(world.asked.map(({ more }) => more)).toEqual([true])
  const real = await hepar('reload')
  expect(real.out).toMatch(/will match 7 .*\nin force: revision abcdef/)
  expect(world.asked.map(({ more }) => more)).toEqual([true, true, false])
  const problem = { severity: 'error', file: 'rules/a.yaml', line: 3, column: 5, message: 'bad' } as const
  world.reloadReport = { ok: false, problems: [problem] }
  const refused = await hepar('reload')
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('rules/a.yaml:3:5: error: bad') })
})

test('explain sends the file as it is and prints the answer', async () => {
  const world = fakeWorld()
  const file = join(tmpdir(), `hepar-explain-${process.pid}.json`)
  writeFileSync(file, '{"version":"4","alerts":[]}')
  const hepar = await served(world)
  expect((await hepar('explain', file, '--json')).out).toContain('"policyRevision": "p1"')
  writeFileSync(file, '{"version":"4"')
  expect(await hepar('explain', file)).toMatchObject({ code: 1, err: expect.stringContaining('not valid JSON') })
  expect((await hepar('explain', '/does/not/exist')).err).toContain('cannot read /does/not/exist')
})

test.each([['alerts'], ['playbooks'], ['actions'], ['stats'], ['audit', 'head']])(
  '%s %s answers for people and as JSON',
  async (...argv) => {
    const hepar = await served()
    const plain = await hepar(...argv)
    expect(plain).toMatchObject({ code: 0, err: '' })
    expect(plain.out).not.toBe('')
    const json = await hepar(...argv, '--json')
    expect(() => JSON.parse(json.out) as unknown).not.toThrow()
  },
)

test('an address with credentials is refused without showing them', async () => {
  const { code, err } = await run(['incidents'], { HEPAR_URL: 'http://user:hunter2@127.0.0.1:1' })
  expect(code).toBe(1)
  expect(err).toContain('HEPAR_TOKEN')
  expect(err).not.toContain('hunter2')
})

test('a server that is not there is said so, with what to do', async () => {
  const { code, err } = await run(['incidents'], { HEPAR_URL: 'http://127.0.0.1:1' })
  expect(code).toBe(1)
  expect(err).toContain('cannot reach http://127.0.0.1:1')
  expect(err).toContain('HEPAR_URL')
})

test('the token of the environment is used, and a missing one is explained', async () => {
  const { url } = await serve(fakeWorld({ auth: { tokens: [token('viewer')] } }))
  expect((await run(['incidents'], { HEPAR_URL: url })).err).toContain('HEPAR_TOKEN')
  expect((await run(['incidents'], { HEPAR_URL: url, HEPAR_TOKEN: 'viewer-token' })).code).toBe(0)
  const refused = await run(['unpause'], { HEPAR_URL: url, HEPAR_TOKEN: 'viewer-token' })
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('needs operator') })
})

test('a server that is not hepar is not taken for one', async () => {
  const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const { code, err } = await run(['incidents'], { HEPAR_URL: `http://127.0.0.1:${port}` })
  expect(code).toBe(1)
  expect(err).toContain('HEPAR_URL')
})
