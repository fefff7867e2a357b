import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { connectRaw, type RawConnection, webhookHead } from '../kit/raw-http.ts'
import { tempFolder } from '../kit/temp.ts'

vi.setConfig({ testTimeout: 120_000 })

const stack = new AsyncDisposableStack()
let hepar: Hepar
/** Every attack, until it is told to end; it says how often it tried. */
let attacks: readonly Attack[]

interface Attack {
  readonly name: string
  /** What it is answered, if anything. */
  readonly answers: Map<string, number>
  stop(): Promise<void>
}

const attackForMs = 6_000
const answerWithinMs = 5_000
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
const deep = `{"version":"4","alerts":${'['.repeat(2_000_000)}`
const manyHeaders = Array.from({ length: 3_000 }, (_, index) => `X-${index}: ${'y'.repeat(20)}`)
/** Three of them are more connections than Hepar holds. */
const crowd = 220

beforeAll(async () => {
  const folder = stack.use(await tempFolder('doors'))
  hepar = stack.use(await startHepar({ folder: folder.path, config: { docker: { exporter: { enabled: false } } } }))
}, 120_000)
afterAll(() => stack.disposeAsync())

/** Does it again and again, so many at once. */
function attack(name: string, atOnce: number, once: (signal: AbortSignal) => Promise<string>): Attack {
  const stopping = new AbortController()
  const answers = new Map<string, number>()
  const lane = async () => {
    while (!stopping.signal.aborted) {
      const answer = await once(stopping.signal).catch(() => 'cut off')
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
      await pause(20)
    }
  }
  const lanes = Array.from({ length: atOnce }, lane)
  return {
    name,
    answers,
    async stop() {
      stopping.abort()
      await Promise.all(lanes)
    },
  }
}

/** Bare bytes, and the status that they are answered; one that hears nothing ends with the attack. */
async function raw(bytes: string, signal: AbortSignal, afterwards = (_: RawConnection) => {}): Promise<string> {
  const connection = connectRaw(hepar.url)
  const cut = () => connection.socket.destroy()
  signal.addEventListener('abort', cut)
  connection.socket.write(bytes, 'latin1')
  afterwards(connection)
  const answer = await connection.closed
  signal.removeEventListener('abort', cut)
  return answer.slice(9, 12)
}

async function posted(body: string | Uint8Array, headers: Record<string, string>, signal: AbortSignal) {
  const all = { 'content-type': 'application/json', ...headers }
  const answer = await fetch(hepar.webhookUrl, { method: 'POST', headers: all, body: body as string, signal })
  await answer.arrayBuffer()
  return String(answer.status)
}

test('under slow, bloated, deep and flooding requests at once, an honest sender is answered 2xx within 5 s', async () => {
  const drip = (connection: RawConnection) => {
    const timer = setInterval(() => connection.socket.write('X-A: b\r\n'), 500)
    connection.socket.once('close', () => clearInterval(timer))
  }
  attacks = [
    attack('slow heads', crowd, (signal) => raw(webhookHead().slice(0, -2), signal, drip)),
    attack('slow bodies', crowd, (signal) => raw(`${webhookHead('Content-Length: 9000')}{"version":`, signal)),
    attack('idle connections', crowd, (signal) => raw('', signal)),
    attack('gzip bombs', 4, (signal) => posted(bomb, { 'content-encoding': 'gzip' }, signal)),
    attack('deep bodies', 2, (signal) => posted(deep, {}, signal)),
    attack('many headers', 4, (signal) => raw(webhookHead(...manyHeaders), signal)),
    attack('long headers', 4, (signal) => raw(webhookHead(`X: ${'z'.repeat(100_000)}`), signal)),
  ]
  const until = performance.now() + attackForMs
  const taken: number[] = []
  for (let sent = 0; performance.now() < until; sent += 1) {
    const at = performance.now()
    const body = JSON.stringify(writtenDelivery([writtenAlert({ alertname: 'Honest', name: `h${sent}` })]))
    // No connection of an honest sender is an old one.
    const status = await posted(body, { connection: 'close' }, AbortSignal.timeout(answerWithinMs))
    expect(status).toBe('200')
    taken.push(performance.now() - at)
    await pause(50)
  }
  await Promise.all(attacks.map(({ stop }) => stop()))
  expect(taken.length).toBeGreaterThan(3)
  expect(Math.max(...taken)).toBeLessThan(answerWithinMs)
  const answersTo = (name: string) =>
    [...attacks.find((one) => one.name === name)!.answers.keys()].filter((answer) => /\d/.test(answer))
  expect(answersTo('gzip bombs')).toEqual(['415'])
  expect(answersTo('deep bodies').every((answer) => ['400', '413', '503'].includes(answer))).toBe(true)
  expect(answersTo('many headers')).toEqual(['431'])
  expect(answersTo('long headers')).toEqual(['431'])
})

test('afterwards everything is as before: nothing is held, nothing is lost', async () => {
  const listed = await hepar.call('GET', '/api/v1/alerts?limit=500')
  expect(
    (listed.json.alerts as { labels: { alertname: string } }[]).every(({ labels }) => labels.alertname === 'Honest'),
  ).toBe(true)
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
  expect(hepar.output()).not.toMatch(/UnhandledPromise|"level":"fatal"/)
})
