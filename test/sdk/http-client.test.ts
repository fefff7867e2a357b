import { readFileSync } from 'node:fs'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HttpRule } from '../../src/domain/http-allow.ts'
import { createHttpClient, type HttpCall, type Resolve } from '../../src/sdk/http-client.ts'
import { allowedDoor, peerDoor } from '../../src/sdk/http-doors.ts'
import { allowing, allowingWith } from '../kit/allowing.ts'
import { startSink } from '../kit/sink.ts'

const bounds = { timeoutMs: 5_000, bytesMax: 1_000 }
const never: Resolve = async (host) => {
  throw new Error(`${host} was resolved`)
}

/** A name service that answers each question with the next list, and how often it was asked. */
function names(...answers: readonly (readonly string[])[]) {
  let asked = 0
  const resolve: Resolve = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { resolve, asked: () => asked }
}

function ask(
  url: string,
  rules: readonly HttpRule[],
  { resolve = never, ...more }: Partial<HttpCall> & { resolve?: Resolve } = {},
) {
  return createHttpClient({ resolve }).send({ url: new URL(url), door: allowedDoor(rules), ...bounds, ...more })
}

/** A server of raw bytes, for answers that no HTTP server would give. */
async function startRaw(
  answer: string | ((write: (text: string) => void) => void),
): Promise<{ url: string; connections: () => number }> {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    socket.once('data', () => {
      if (typeof answer === 'string') socket.end(answer)
      else answer((text) => void (socket.writable && socket.write(text)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

describe('addresses', () => {
  test('a name is resolved once and the connection is made to what was checked, under its name', async () => {
    await using sink = await startSink()
    const rules = [allowingWith(`http://app.internal:${sink.port}`, { addresses: ['127.0.0.1'] })]
    const { resolve, asked } = names(['127.0.0.1'], ['169.254.169.254'])
    expect(await ask(`http://app.internal:${sink.port}/x`, rules, { resolve })).toMatchObject({ ok: true, status: 200 })
    expect(asked()).toBe(1)
    expect(sink.requests[0]?.headers.host).toBe(`app.internal:${sink.port}`)
  })

  test('a name that changes its mind after the check gains nothing', async () => {
    await using sink = await startSink()
    const rules = [allowingWith(`http://app.internal:${sink.port}`, { addresses: ['127.0.0.1'] })]
    const { resolve } = names(['169.254.169.254'], ['127.0.0.1'])
    const reply = await ask(`http://app.internal:${sink.port}/`, rules, { resolve })
    expect(reply).toMatchObject({
      ok: false,
      sent: false,
      reason: expect.stringContaining('169.254.169.254 is never asked'),
    })
    expect(sink.requests).toEqual([])
  })

  test('one forbidden address among good ones refuses them all', async () => {
    await using sink = await startSink()
    const url = `http://app.localhost:${sink.port}/`
    const reply = await ask(url, allowing(url), { resolve: names(['127.0.0.1', 'fe80::1']).resolve })
    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining('fe80::1 is never asked') })
    const many = [...Array.from({ length: 40 }, () => '127.0.0.1'), '169.254.169.254']
    expect(await ask(url, allowing(url), { resolve: names(many).resolve })).toMatchObject({ ok: false })
    expect(sink.requests).toEqual([])
  })

  test('a name that leads to this machine must say so, or have a rule that does', async () => {
    await using sink = await startSink()
    const url = `http://app.internal:${sink.port}/`
    const { resolve } = names(['127.0.0.1'])
    const reply = await ask(url, allowing(url), { resolve })
    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining('it is this machine') })
    const local = `http://localhost:${sink.port}/`
    expect(await ask(local, allowing(local), { resolve })).toMatchObject({ ok: true })
    expect(sink.requests).toHaveLength(1)
  })

  test('a rule with ranges keeps its name inside of them', async () => {
    await using sink = await startSink()
    const url = `http://localhost:${sink.port}/`
    const rules = [allowingWith(url, { addresses: ['10.0.0.0/8', 'fd00::/8'] })]
    const reply = await ask(url, rules, { resolve: names(['127.0.0.1']).resolve })
    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining('outside of 10.0.0.0/8, fd00::/8') })
  })

  test('the next address is tried where the first does not answer', async () => {
    await using sink = await startSink()
    const url = `http://localhost:${sink.port}/`
    expect(await ask(url, allowing(url), { resolve: names(['::1', '127.0.0.1']).resolve })).toMatchObject({ ok: true })
  })

  test('a configured neighbour may be on this machine, but never where nobody is asked', async () => {
    await using sink = await startSink()
    const url = `http://prometheus.internal:${sink.port}`
    const send = (resolve: Resolve, to = url) =>
      createHttpClient({ resolve }).send({ url: new URL(`${to}/x`), door: peerDoor(url), ...bounds })
    expect(await send(names(['127.0.0.1']).resolve)).toMatchObject({ ok: true })
    const elsewhere = await send(names(['169.254.169.254']).resolve)
    expect(elsewhere).toMatchObject({ ok: false, sent: false, reason: expect.stringContaining('is never asked') })
    expect(await send(names(['127.0.0.1']).resolve, `http://other.internal:${sink.port}`)).toMatchObject({ ok: false })
    expect(sink.requests).toHaveLength(1)
  })

  test('a name service that hangs is bounded, and a name without an address is said', async () => {
    const url = 'http://app.internal/'
    const hanging = () => new Promise<never>(() => {})
    const reply = await ask(url, allowing(url), { resolve: hanging, timeoutMs: 50 })
    expect(reply).toEqual({ ok: false, sent: false, late: true, reason: 'no complete answer within 50 ms' })
    expect(await ask(url, allowing(url), { resolve: names([]).resolve })).toMatchObject({
      reason: 'app.internal has no address',
    })
  })

  test('TLS is spoken under the name, to the checked address', async () => {
    const tls = (file: string) => readFileSync(join(import.meta.dirname, '../fixtures/tls', file))
    const seen: (string | false | null | undefined)[] = []
    const server = createSecure({ cert: tls('server.pem'), key: tls('server.key') }, (request, response) => {
      seen.push((request.socket as TLSSocket & { servername?: string }).servername)
      response.end('yes')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const to = (name: string) => {
      const url = `https://${name}:${port}/`
      const rules = [allowingWith(url, { addresses: ['127.0.0.0/8'] })]
      return ask(url, rules, { resolve: names(['127.0.0.1']).resolve, tls: { ca: tls('ca.pem') } })
    }
    expect(await to('prometheus.test')).toMatchObject({ ok: true, body: 'yes' })
    expect(seen).toEqual(['prometheus.test'])
    expect(await to('elsewhere.test')).toMatchObject({
      ok: false,
      sent: false,
      reason: expect.stringContaining('altnames'),
    })
  })

  test('no proxy is used, whatever the environment says', async () => {
    await using sink = await startSink()
    await using proxy = await startSink()
    const before = { ...process.env }
    onTestFinished(() => {
      process.env = before
    })
    Object.assign(process.env, { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NODE_USE_ENV_PROXY: '1', NO_PROXY: '' })
    expect(await ask(sink.url, allowing(sink.url))).toMatchObject({ ok: true })
    expect(proxy.requests).toEqual([])
  })
})

describe('redirects', () => {
  test('are an answer like any other where the rule does not permit them', async () => {
    await using sink = await startSink({ answer: { code: 302, headers: { location: '/next' } } })
    expect(await ask(sink.url, allowing(sink.url))).toMatchObject({ ok: true, status: 302 })
    expect(sink.requests).toHaveLength(1)
  })

  test('are followed as often as the rule permits, and no further', async () => {
    await using sink = await startSink({
      answer: ({ path }) =>
        path === '/3' ? {} : { code: 302, headers: { location: `/${Number(path.slice(1)) + 1}` } },
    })
    const upTo = (redirectsMax: number) => [allowingWith(sink.url, { redirectsMax })]
    expect(await ask(`${sink.url}/0`, upTo(3))).toMatchObject({ ok: true, status: 200 })
    expect(sink.requests.map(({ path }) => path)).toEqual(['/0', '/1', '/2', '/3'])
    sink.clear()
    expect(await ask(`${sink.url}/0`, upTo(2))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('more than 2'),
    })
    expect(sink.requests).toHaveLength(3)
  })

  test('lead only to what is allowed itself, and its addresses are checked like the first', async () => {
    await using other = await startSink()
    await using sink = await startSink()
    const follow = async (location: string, ...more: readonly string[]) => {
      sink.answer({ code: 307, headers: { location } })
      return ask(sink.url, [allowingWith(sink.url, { redirectsMax: 3 }), ...allowing(...more)], {
        resolve: names(['169.254.169.254']).resolve,
      })
    }
    for (const location of [
      `${other.url}/`,
      'http://169.254.169.254/',
      'file:///etc/passwd',
      'http://me:word@127.0.0.1/',
      '//[fe80::1]/',
      'http://',
      'unix:/run/docker.sock',
      `http:${other.url.slice('http://'.length)}`,
    ]) {
      const reply = await follow(location)
      expect(reply, location).toMatchObject({
        ok: false,
        reason: expect.stringContaining('redirects where nobody follows'),
      })
    }
    const rebound = await follow(`http://app.internal:${other.port}/`, `http://app.internal:${other.port}`)
    expect(rebound).toMatchObject({ ok: false, reason: expect.stringContaining('169.254.169.254 is never asked') })
    const mended = await follow(`${other.url}\\x`, other.url)
    expect(mended).toMatchObject({ ok: false, reason: expect.stringContaining('a backslash') })
    expect(other.requests).toEqual([])
    expect(await follow(`${other.url}/`, other.url)).toMatchObject({ ok: true })
  })

  test('carry no header elsewhere, and only a GET follows them', async () => {
    await using other = await startSink()
    await using sink = await startSink({ answer: { code: 307, headers: { location: `${other.url}/` } } })
    const rules = [allowingWith(sink.url, { redirectsMax: 3 }), ...allowing(other.url)]
    const headers = { authorization: 'Bearer word', 'x-key': 'word' }
    expect(await ask(sink.url, rules, { headers })).toMatchObject({ ok: true, status: 200 })
    expect(sink.requests[0]?.headers).toMatchObject(headers)
    expect(JSON.stringify(other.requests)).not.toContain('word')
    other.clear()
    expect(await ask(sink.url, rules, { method: 'POST', body: '{}' })).toMatchObject({ ok: true, status: 307 })
    expect(other.requests).toEqual([])
  })
})

describe('bounds', () => {
  test('a long answer is an error, is cut, or is not read', async () => {
    await using sink = await startSink({ answer: { body: 'x'.repeat(200_000) } })
    const rules = allowing(sink.url)
    expect(await ask(sink.url, rules)).toMatchObject({
      ok: false,
      sent: true,
      reason: 'the answer is longer than 1000 bytes',
    })
    expect(await ask(sink.url, rules, { beyond: 'cut' })).toMatchObject({ ok: true, status: 200 })
    expect(await ask(sink.url, rules, { beyond: 'drop' })).toMatchObject({ ok: true, body: '' })
  })

  test('long headers are an error', async () => {
    const raw = await startRaw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\ncontent-length: 0\r\n\r\n`)
    expect(await ask(raw.url, allowing(raw.url))).toMatchObject({
      ok: false,
      sent: true,
      reason: expect.stringContaining('Header'),
    })
  })

  test('an answer that drips is cut off in time', async () => {
    const timers: NodeJS.Timeout[] = []
    onTestFinished(() => timers.forEach(clearInterval))
    const raw = await startRaw((write) => {
      write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
      timers.push(setInterval(() => write('x'), 10))
    })
    const reply = await ask(raw.url, allowing(raw.url), { timeoutMs: 300 })
    expect(reply).toEqual({ ok: false, sent: true, late: true, reason: 'no complete answer within 300 ms' })
  })

  test('an answer that is announced again and again, and never given, is an error; a few announcements are none', async () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
    const raw = await startRaw((write) => write(hint.repeat(1_000)))
    const reply = await ask(raw.url, allowing(raw.url))
    expect(reply).toMatchObject({
      ok: false,
      sent: true,
      late: false,
      reason: 'it announced an answer more than 16 times',
    })
    const well = await startRaw((write) => write(`${hint.repeat(3)}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n`))
    expect(await ask(well.url, allowing(well.url))).toMatchObject({ ok: true, status: 200 })
  })

  test('the caller’s signal ends it', async () => {
    await using sink = await startSink({ answer: { hang: 'before' } })
    const signal = AbortSignal.timeout(100)
    expect(await ask(sink.url, allowing(sink.url), { signal })).toMatchObject({
      ok: false,
      reason: 'the call was given up',
    })
  })

  test('nothing is unpacked: a bomb stays as small as it was sent', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    await using sink = await startSink({ answer: { body: bomb, headers: { 'content-encoding': 'gzip' } } })
    const rules = allowing(sink.url)
    const reply = await ask(sink.url, rules, { bytesMax: 1_000_000 })
    expect(reply).toMatchObject({ ok: false, reason: 'the answer is packed (gzip), which was not asked for' })
    const cut = await ask(sink.url, rules, { bytesMax: 1_000_000, beyond: 'cut' })
    expect(cut.ok && Buffer.byteLength(cut.body) < 100_000).toBe(true)
    expect(sink.requests[0]?.headers['accept-encoding']).toBe('identity')
  })

  test('an answer that turns into another protocol is an error', async () => {
    const raw = await startRaw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
    expect(await ask(raw.url, allowing(raw.url))).toMatchObject({ ok: false })
  })
})

describe('what was sent', () => {
  test('is known: nothing where nobody listened', async () => {
    const url = 'http://127.0.0.1:1/'
    expect(await ask(url, allowing(url))).toMatchObject({
      ok: false,
      sent: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('is known: something where the connection was cut', async () => {
    await using sink = await startSink({ answer: { hang: 'reset' } })
    expect(await ask(sink.url, allowing(sink.url), { method: 'POST', body: '{}' })).toMatchObject({
      ok: false,
      sent: true,
    })
  })

  test('cannot smuggle lines into headers', async () => {
    const raw = await startRaw('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    const reply = await ask(raw.url, allowing(raw.url), { headers: { 'x-a': 'b\r\nx-c: d' } })
    expect(reply).toMatchObject({ ok: false, sent: false })
    expect(raw.connections()).toBe(0)
  })

  test('goes where its Host says, whatever headers were given', async () => {
    await using sink = await startSink()
    await ask(sink.url, allowing(sink.url), { headers: { host: 'elsewhere' } })
    expect(sink.requests[0]?.headers.host).toBe(`127.0.0.1:${sink.port}`)
  })
})
