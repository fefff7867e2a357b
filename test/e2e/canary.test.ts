// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { routes } from '../../src/http/routes.ts'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { freePort } from '../kit/ports.ts'
import { runProgram } from '../kit/process.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

/** A word for every place of the configuration that takes a secret; no other text holds `canary`. */
const canary = (place: string) => `canary-${place}-0123456789abcdef`
const admin = canary('admin')
const clearing = resolve(import.meta.dirname, '../../plugins/cache-clear.ts')

const closing = new AsyncDisposableStack()
afterAll(() => closing.disposeAsync())
let hepar: Hepar
const heard: string[] = []

const playbook = (action: string, params: object, more: object = {}, on = action) =>
  JSON.stringify({
    ...more,
    version: 1,
    when: { all: [{ fact: 'labels', path: '$.case', operator: 'equal', value: on }] },
    target: `${action === 'cache-clear' ? 'redis/cache' : 'service/{{ labels.name }}'}`,
    steps: [{ action, with: params, timeout: '20s' }, { escalate: 'oncall' }],
    verify: [{ alert: 'cleared' }],
    for: '0s',
    within: '1s',
  })

/** Gives everything away that it was told. */
const leaky = (how: string) => `
import { defineAction, z } from 'hepar/sdk'
export default defineAction({
  summary: 'Tell everything', kind: 'service', risk: 'reversible', idempotent: false, params: z.record(z.string(), z.unknown()),
  async plan(target, params, context) {
    console.log(JSON.stringify(context)); console.error(JSON.stringify(context))
    const told = JSON.stringify(context)
    ${how === 'plan' ? 'throw new Error(told)' : 'return { summary: `plan with ${told}`.slice(0, 2000), pin: {}, evidence: { told } }'}
  },
  async run(plan, context) { throw new Error(JSON.stringify([plan, context])) },
})
`

/** A server that answers every line with it, as old ones and proxies do, also where its words are cut in the middle. */
async function startParrot(greeting: string, answer: (told: string) => string): Promise<number> {
  const sockets = new Set<Socket>()
  const parrot = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.write(greeting)
    socket.on('data', (data) => socket.write(`${answer(String(data).trim().replaceAll(/\s+/g, ' '))}\r\n`))
  })
  await new Promise<void>((resolve) => parrot.listen(0, '127.0.0.1', resolve))
  closing.defer(() => {
    for (const socket of sockets) socket.destroy()
    parrot.close()
  })
  return (parrot.address() as AddressInfo).port
}

const redisSays = (told: string) =>
  `-ERR unknown command: ${`${told} `.padEnd(255, 'x')} ${told.slice(told.indexOf('canary'))} ${'x'.repeat(100)}`
const mailSays = (told: string) =>
  told.startsWith('AUTH')
    ? `535 ${told}, that is ${Buffer.from(told.split(' ').at(-1) ?? '', 'base64')
        .toString()
        .replaceAll('\0', ' ')}`
    : '250-odd\r\n250 AUTH PLAIN'

beforeAll(async () => {
  const folder = closing.use(await tempFolder('quiet')).path
  // Answers with everything it was told, or leads elsewhere with it.
  const echo = closing.use(
    await startSink({
      answer: ({ headers, path, body }) => {
        const told = JSON.stringify({ headers, path, body })
        if (path.startsWith('/opa'))
          return { body: JSON.stringify({ result: { decision: 'deny', reason: `not for ${headers.authorization}` } }) }
        if (path.startsWith('/slack'))
          return { body: JSON.stringify({ ok: false, error: `no ${headers.authorization} ${body}` }) }
        const location = { Location: `/elsewhere?${encodeURIComponent(told)}`, 'X-Told': encodeURIComponent(told) }
        if (path.includes('redirect')) return { code: 302, headers: location, body: told }
        return { code: path.includes('moved') ? 404 : 500, headers: location, body: told }
      },
    }),
  )
  const redis = await startParrot('', redisSays)
  const mail = await startParrot('220 odd ESMTP\r\n', mailSays)
  const away = `127.0.0.1:${await freePort()}`
  mkdirSync(join(folder, 'plugins'), { recursive: true })
  writeFileSync(join(folder, 'plugins/command.ts'), leaky('run'))
  writeFileSync(join(folder, 'plugins/http-request.ts'), leaky('plan'))
  writeFileSync(join(folder, 'plugins/cache-clear.ts'), `export { default } from ${JSON.stringify(clearing)}\n`)
  const bomb = `process.on('SIGUSR2', () => { throw Object.assign(new Error('crash with ${admin}'), { told: '${admin}' }) })`
  writeFileSync(join(folder, 'bomb.mjs'), bomb)
  writeFileSync(join(folder, 'notify.token'), canary('from-a-file'))
  const peer = (place: string, url: string) => ({
    url,
    bearer: canary(`${place}-bearer`),
    headers: { 'X-Key': canary(`${place}-header`) },
  })
  const request = (path: string) => ({
    url: `${echo.url}/${path}`,
    bearer: canary('request-bearer'),
    headers: { 'X-Secret': canary('request-header'), 'X-Token': `Token ${canary('request-token')}` },
    body: { password: '${BODY_SECRET}' },
  })
  hepar = closing.use(
    await startHepar({
      folder,
      plugins: [join(folder, 'plugins')],
      env: {
        BODY_SECRET: canary('request-body'),
        HEPAR_TOKEN: admin,
        NODE_OPTIONS: `--import ${join(folder, 'bomb.mjs')}`,
      },
      rules: {
        'command.json': playbook('command', { command: 'tell' }),
        'http-request.json': playbook('http-request', { request: 'tell' }),
        'cache-clear.json': playbook('cache-clear', {}),
        'policy.json': playbook('command', { command: 'tell' }, { approval: { policy: 'opa' } }, 'policy'),
      },
      config: {
        log: { level: 'debug' },
        auth: {
          tokens: [
            { name: 'root', role: 'admin', token: admin },
            { name: 'am', role: 'webhook', token: canary('webhook') },
          ],
        },
        sources: [
          { name: 'blind' },
          {
            name: 'main',
            alertmanagers: [peer('alertmanager', echo.url), peer('redirect', `${echo.url}/redirect`)],
            prometheus: { url: `${echo.url}/moved`, basic: { user: 'u', password: canary('basic') } },
          },
          {
            name: 'gone',
            alertmanagers: [peer('gone', `http://${away}`)],
            prometheus: peer('tls', `https://127.0.0.1:${echo.port}`),
          },
        ],
        notify: {
          oncall: {
            url: `${echo.url}/hook?key=${canary('query')}`,
            bearer: 'file:./notify.token',
            headers: { 'X-Key': canary('notify-header') },
            secret: canary('hmac'),
          },
          chat: {
            type: 'slack',
            url: `${echo.url}/slack`,
            channel: 'C1',
            token: canary('slack'),
            signingSecret: canary('signing'),
          },
          pager: { type: 'pagerduty', url: echo.url, routingKey: canary('thirty-2') },
          mail: {
            type: 'email',
            server: `127.0.0.1:${mail}`,
            security: 'none',
            user: 'u',
            password: canary('mail'),
            from: 'a@example.org',
            to: ['b@example.org'],
          },
        },
        policies: { opa: { ...peer('policy', `${echo.url}/opa?key=${canary('policy-query')}`) } },
        redis: {
          cache: { url: `redis://127.0.0.1:${redis}`, user: 'u', password: canary('redis'), keys: ['cached:*'] },
        },
        http: { allow: [echo.url] },
        services: {
          shop: {
            commands: { tell: { file: '/usr/bin/env', env: { SECRET: canary('environment') } } },
            requests: { tell: request('tell') },
          },
        },
      },
    }),
  )
}, 120_000)

async function ask(
  method: string,
  path: string,
  body?: unknown,
  token: string = admin,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const answer = await fetch(hepar.url + path, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  heard.push(`${method} ${path}: ${[...answer.headers].join()} ${text}`)
  return { status: answer.status, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

const deliver = (source: string, names: readonly string[]) =>
  ask(
    'POST',
    `/webhook/alertmanager?source=${source}`,
    writtenDelivery(names.map((name) => writtenAlert({ alertname: 'A', case: name, name: 'shop', source }))),
    canary('webhook'),
  )

const cli = async (...args: string[]) => {
  const { stdout, stderr } = await hepar.cli(...args)
  heard.push(`hepar ${args.join(' ')}: ${stdout}${stderr}`)
}

const driven = ['it answers with an error', 'not for Bearer ']

/** All that any of the words could look like. */
const forms = (text: string) => {
  const words = [...new Set(text.match(/canary-[a-z-]*/g))]
  const inBase64 =
    text
      .match(/[A-Za-z0-9+/=]{24,}/g)
      ?.filter((word) => Buffer.from(word, 'base64').toString('latin1').includes('canary-')) ?? []
  return [...words, ...inBase64]
}

test('no secret comes out of any answer, log, metric, event, error, crash, backup or child', async () => {
  for (const source of ['main', 'gone', 'blind'])
    await deliver(source, ['command', 'http-request', 'cache-clear', 'policy'])
  await waitFor(
    async () => {
      const { incidents = [] } = (await ask('GET', '/api/v1/incidents')).json as { incidents?: { state: string }[] }
      const { events = [] } = (
        await ask('GET', '/api/v1/audit?type=notification.failed,incident.handed_over,incident.waiting&limit=1000')
      ).json as { events?: { type: string }[] }
      const seen = JSON.stringify(events)
      return (
        incidents.length >= 4 &&
        events.some(({ type }) => type === 'incident.handed_over') &&
        driven.every((words) => seen.includes(words))
      )
    },
    { what: 'every kind of failure', deadlineMs: 30_000, everyMs: 1_000 },
  )
  await ask(
    'POST',
    '/api/v1/explain?source=main',
    writtenDelivery([writtenAlert({ alertname: 'A', case: 'command', name: 'shop' })]),
  )
  await ask('POST', '/api/v1/actions/command/run', {
    target: 'service/shop',
    with: { command: 'tell' },
    reason: 'to see',
  })
  const { incidents } = (await ask('GET', '/api/v1/incidents')).json as { incidents: { id: string }[] }
  for (const { id } of incidents) for (const path of ['', '/events']) await ask('GET', `/api/v1/incidents/${id}${path}`)
  for (const { method, path } of routes) if (method === 'get' && !path.includes(':')) await ask('GET', path)
  for (const [path, body] of [
    ['/api/v1/nothing', {}],
    ['/webhook/alertmanager', '}'],
    ['/api/v1/reload', {}],
  ] as const)
    await ask('POST', path, body)
  for (const name of ['oncall', 'chat', 'pager', 'mail']) await ask('POST', `/api/v1/channels/${name}/test`, {})
  // Whoever guesses does not find the guess anywhere, either.
  await ask('GET', '/api/v1/alerts', undefined, canary('guess'))
  const login = await fetch(`${hepar.url}/login`, {
    method: 'POST',
    headers: { Origin: hepar.url },
    body: new URLSearchParams({ token: canary('guess') }),
  })
  heard.push(await login.text())

  await cli('show', incidents[0]?.id ?? '')
  await cli('show', incidents[0]?.id ?? '', '--json')
  await cli('token', 'list', '--json')
  await cli('check', '--config', hepar.configFile, '--json')
  await cli('audit', 'export', '--config', hepar.configFile)
  await cli('backup', join(hepar.folder, 'copy.db'), '--config', hepar.configFile)

  // The same configuration with every kind of mistake around its secrets.
  const good = readFileSync(hepar.configFile, 'utf8')
  for (const bad of [
    good.replace('"role": "admin"', '"role": "boss"'),
    good.replace(`"${canary('webhook')}"`, `["${canary('webhook')}"]`),
    good.slice(0, -40),
    good.replace('"http:', '"nothing:'),
  ]) {
    writeFileSync(hepar.configFile, bad)
    expect((await ask('POST', '/api/v1/reload', {})).status).toBe(422)
  }
  // The last one again, as people see it.
  await cli('check', '--offline', '--config', hepar.configFile)
  writeFileSync(hepar.configFile, good)

  const { stdout: children } = await runProgram('ps', ['e', '--ppid', String(hepar.pid()), '-o', 'args='])
  heard.push(`children: ${children}`)
  hepar.signal('SIGUSR2')
  const exit = await hepar.exited()
  expect(exit.code).toBe(1)
  heard.push(`log: ${hepar.output()}`)
  for (const name of readdirSync(join(hepar.folder, 'data')))
    heard.push(`${name}: ${readFileSync(join(hepar.folder, 'data', name), 'latin1')}`)
  heard.push(`backup: ${readFileSync(join(hepar.folder, 'copy.db'), 'latin1')}`)

  const leaks = heard.flatMap((text) =>
    forms(text).map(
      (form) =>
        `${text.slice(0, 60)} … ${form} … ${text.slice(Math.max(0, text.indexOf(form) - 150), text.indexOf(form))}`,
    ),
  )
  expect([...new Set(leaks)]).toEqual([])
  // It is no proof of silence if nothing was said.
  const all = heard.join('\n')
  for (const words of [
    ...driven,
    'Slack says no Bearer [redacted]',
    'channel pager answered HTTP 500',
    '535 AUTH PLAIN [redacted]',
  ])
    expect(all).toContain(words)
  expect(heard.join('\n')).toContain('[redacted]')
  expect(hepar.output()).toContain('an unexpected error ends the process')
}, 180_000)
