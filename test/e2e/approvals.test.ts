import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { runProgram } from '../kit/process.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

const names = ['ada', 'bob', 'vera', 'otto'] as const
const roles = { ada: 'approver', bob: 'admin', vera: 'viewer', otto: 'operator' } as const
const tokenOf = (name: string) => `${name}-token-that-nobody-finds-by-trying`

let folder: TempFolder
let hepar: Hepar
let witness: Witness

beforeAll(async () => {
  folder = await tempFolder('approvals')
  witness = witnessIn(folder.path)
  hepar = await startHepar({
    folder: folder.path,
    holdable: true,
    plugins: [witnessPlugins],
    rules: {
      'ask.yaml': witnessPlaybook(witness.file, { takes: 'ask', verify: ['- alert: cleared'], more: 'mode: approve' }),
    },
    config: {
      auth: { tokens: names.map((name) => ({ name, role: roles[name], token: tokenOf(name) })) },
      sources: [{ name: 'main' }],
      externalUrl: 'https://hepar.example.org',
    },
  })
}, 120_000)

afterAll(async () => {
  await hepar?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

async function as(who: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${hepar.url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${tokenOf(who)}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, never>) : {}
  return { status: response.status, text, json, headers: response.headers }
}

interface Shown {
  readonly incident: IncidentView
  readonly approval: {
    readonly id: string
    readonly planDigest: string
    readonly state: string
    readonly decidedBy: string
  }
}

const show = async (id: string) => (await as('vera', 'GET', `/api/v1/incidents/${id}`)).json as unknown as Shown

async function asked(service: string) {
  const labels = { alertname: 'Ill', case: 'ask', name: service, evil: '<script>alert(1)</script>' }
  const alert = { status: 'firing', labels, annotations: {}, startsAt: new Date().toISOString(), fingerprint: service }
  const body = { version: '4', receiver: 'hepar', status: 'firing', groupLabels: {}, externalURL: '', alerts: [alert] }
  await as('bob', 'POST', '/webhook/alertmanager?source=main', body)
  let id = ''
  await waitFor(
    async () => {
      const { json } = await as('vera', 'GET', '/api/v1/incidents?state=awaiting_approval')
      id = (json.incidents as unknown as IncidentView[]).find(({ target }) => target.endsWith(`/${service}`))?.id ?? ''
      return id !== ''
    },
    { what: `${service} is asked about`, deadlineMs: 60_000 },
  )
  return { id, plan: (await show(id)).approval.planDigest }
}

const decide = (who: string, id: string, word: string, plan: string) =>
  as(who, 'POST', `/api/v1/incidents/${id}/${word}`, { plan, reason: 'because' })

test('an approval leads to one effect, however often its page is looked at before, and only certain roles may give it', async () => {
  const { id, plan } = await asked('one')
  const path = `/approvals/${id}?plan=${plan}`
  for (const who of names) {
    const page = await as(who, 'GET', path)
    expect(page.status).toBe(200)
    expect(page.text).toContain(plan)
    expect(page.text).not.toContain('<script')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*form-action 'self'/)
  }
  expect((await show(id)).approval.state).toBe('pending')
  for (const who of ['vera', 'otto']) expect((await decide(who, id, 'approve', plan)).status).toBe(403)
  expect((await decide('ada', id, 'approve', '0'.repeat(64))).json).toMatchObject({
    error: { code: 'conflict', message: expect.stringContaining('the plan changed') },
  })
  expect(witness.began('one')).toBe(0)
  expect((await decide('ada', id, 'approve', plan)).status).toBe(200)
  await witness.until('ended', 'one')
  const second = await decide('bob', id, 'approve', plan)
  expect(second).toMatchObject({
    status: 409,
    json: { error: { message: expect.stringContaining('operator:ada has approved') } },
  })
  expect(witness.began('one')).toBe(1)
}, 120_000)

/** `hepar …` in a process of its own, as bob. */
function cli(...args: string[]) {
  const env = { PATH: process.env.PATH, HEPAR_URL: hepar.url, HEPAR_TOKEN: tokenOf('bob'), NO_COLOR: '1' }
  return runProgram(process.execPath, ['src/main.ts', ...args], { cwd: process.cwd(), env })
}

test('a rejection hands over, and nothing is done', async () => {
  const { id, plan } = await asked('two')
  const shown = await cli('show', id)
  expect(shown.stdout).toContain(`hepar approve ${id} --plan ${plan}`)
  expect(await cli('reject', id, '--reason', 'a release')).toMatchObject({ code: 0 })
  expect(await show(id)).toMatchObject({
    incident: { state: 'handed_over', human: true },
    approval: { state: 'rejected' },
  })
  expect((await decide('ada', id, 'approve', plan)).json).toMatchObject({
    error: { message: expect.stringContaining('operator:bob has rejected') },
  })
  expect(witness.began('two')).toBe(0)
}, 120_000)

test('of the command line and the API at one moment one wins, and the other is told who', async () => {
  const { id, plan } = await asked('raced')
  hepar.hold('commit:before:decide')
  const commanded = cli('approve', id, '--plan', plan, '--reason', 'it may')
  await hepar.reached('commit:before:decide')
  // What the command wants is decided and not yet committed when the other word comes in.
  const posted = decide('ada', id, 'reject', plan)
  await as('vera', 'GET', '/api/v1/incidents?limit=1')
  hepar.release('commit:before:decide')
  const [{ code }, { status, json }] = await Promise.all([commanded, posted])
  expect({ code, status, error: json.error }).toMatchObject({
    code: 0,
    status: 409,
    error: { message: expect.stringContaining('operator:bob has approved') },
  })
  await witness.until('ended', 'raced')
  expect(witness.began('raced')).toBe(1)
  const again = await cli('reject', id, '--plan', plan, '--reason', 'too late')
  expect(again.code).not.toBe(0)
  expect(again.stderr).toContain('operator:bob has approved')
}, 120_000)

test('of many who decide at once one wins, and every other is told who', async () => {
  const { id, plan } = await asked('many')
  const words = Array.from({ length: 16 }, (_, index) => [
    index % 2 ? 'ada' : 'bob',
    index % 4 < 2 ? 'approve' : 'reject',
  ])
  const answers = await Promise.all(words.map(([who = '', word = '']) => decide(who, id, word, plan)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  const { decidedBy } = (await show(id)).approval
  for (const { status, json } of answers.filter((one) => one.status !== 200)) {
    expect([status, json.error]).toMatchObject([409, { message: expect.stringContaining(`${decidedBy} has `) }])
  }
  expect(witness.began('many')).toBeLessThanOrEqual(1)
}, 120_000)

test('a crash between the approval and the intent loses neither, and makes one effect of them', async () => {
  const { id, plan } = await asked('crashed')
  hepar.hold('commit:before:intent')
  expect((await decide('ada', id, 'approve', plan)).status).toBe(200)
  await hepar.reached('commit:before:intent')
  await hepar.kill()
  hepar.release('commit:before:intent')
  await hepar.start()
  await witness.until('ended', 'crashed')
  expect((await decide('bob', id, 'reject', plan)).json).toMatchObject({
    error: { message: expect.stringContaining('operator:ada has approved') },
  })
  expect(witness.began('crashed')).toBe(1)
}, 120_000)
