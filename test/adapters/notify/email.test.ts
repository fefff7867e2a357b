import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { secret } from '../../../src/domain/secret.ts'
import { type MailServer, startMailServer } from '../../kit/mail-server.ts'
import { startSink } from '../../kit/sink.ts'
import { waitFor } from '../../kit/wait.ts'
import { deliverTo, emailChannel, handedOver, hostile, outgoing } from './channels.ts'

let server: MailServer
beforeAll(async () => {
  server = await startMailServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** The mails in the box whose key begins so, once there are so many. */
async function mailsOf(key: string, count: number) {
  const found = () => server.mails().filter(({ headers }) => headers['x-hepar-idempotency-key']?.startsWith(key))
  await waitFor(() => found().length >= count, { what: `${count} mails of ${key}` })
  return found()
}

/** A server that greets like one for mail, and goes on as it is told; gives its port. */
async function oddServer(answer: (line: string, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const odd = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.write('220 odd ESMTP\r\n')
    socket.on('data', (line) => answer(String(line), socket))
  })
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    odd.close()
  })
  return (odd.address() as AddressInfo).port
}

describe('mail', () => {
  test('reaches the mailbox, signed in under TLS, with its key', async () => {
    const answer = await deliverTo(emailChannel(server))(outgoing('mail', handedOver, { idempotencyKey: 'first' }))
    expect(answer).toMatchObject({ ok: true, receipt: expect.stringMatching(/^<\w+@example\.test>$/) })
    const [mail] = await mailsOf('first', 1)
    expect(mail?.headers).toMatchObject({
      from: 'hepar@example.test',
      to: 'oncall@example.test',
      subject: '[Hepar] Handed over to you: redis/cache (redis-down)',
      'envelope-to': 'oncall@example.test',
      'message-id': answer.ok ? answer.receipt : '',
      'auto-submitted': 'auto-generated',
    })
    expect(mail?.headers.received).toContain('esmtpsa')
    expect(mail?.body).toContain('reason: the restart did not help')
    expect(mail?.body).toContain('Redis is down')
  })

  test('is one thread for one incident, and a repeat has the same Message-ID', async () => {
    const deliver = deliverTo(emailChannel(server))
    const told = async (key: string, earlier: string[]) => {
      const receipts = earlier.map((receipt) => ({ event: 'incident.handed_over', planDigest: null, receipt }))
      const answer = await deliver(outgoing('mail', handedOver, { idempotencyKey: key, earlier: receipts }))
      return answer.ok ? (answer.receipt ?? '') : ''
    }
    const first = await told('thread-1', [])
    const second = await told('thread-2', [first])
    await told('thread-3', [first, second])
    await told('thread-1', [])
    const mails = await mailsOf('thread-', 4)
    const of = (key: string) => mails.filter(({ headers }) => headers['x-hepar-idempotency-key'] === key)
    expect(of('thread-3')[0]?.headers).toMatchObject({ 'in-reply-to': second, references: `${first} ${second}` })
    expect(of('thread-1').map(({ headers }) => headers['message-id'])).toEqual([first, first])
  })

  test('cannot be given another header or recipient by a label', async () => {
    const deliver = deliverTo(emailChannel(server))
    const known = [
      'From',
      'To',
      'Subject',
      'Message-ID',
      'X-Hepar-Idempotency-Key',
      'Auto-Submitted',
      'Content-Type',
      'Content-Transfer-Encoding',
      'Date',
      'MIME-Version',
      'Received',
      'Return-path',
      'Envelope-to',
      'Delivery-date',
    ]
    await Promise.all(
      hostile.map(async (text, index) => {
        const body = { ...handedOver, target: text, playbook: text, reason: text }
        const idempotencyKey = `hostile-${String(index).padStart(2, '0')}-`
        expect(await deliver(outgoing('mail', body, { idempotencyKey }))).toMatchObject({ ok: true })
      }),
    )
    const mails = await mailsOf('hostile-', hostile.length)
    expect(mails).toHaveLength(hostile.length)
    for (const { headers, headerNames, raw, body } of mails) {
      expect(headerNames.filter((name) => !known.includes(name))).toEqual([])
      expect(headers['envelope-to']).toBe('oncall@example.test')
      expect(raw.length).toBeLessThan(20_000)
      expect(Math.max(...raw.split('\n').map((line) => line.length))).toBeLessThan(998)
      expect(body).not.toMatch(/[\p{Cf}\p{Cs}]|(?!\n)\p{Cc}/u)
    }
  })

  test('that the server will never take is not tried again, and what it cannot take now is', async () => {
    const outcome = (change: object) =>
      deliverTo(emailChannel(server, change), { timeoutMs: 2_000 })(outgoing('mail', handedOver))
    expect(await outcome({ to: ['nobody@example.test'] })).toMatchObject({
      ok: false,
      retry: false,
      reason: expect.stringContaining('there is nobody of this name'),
    })
    expect(await outcome({ to: ['full@example.test'] })).toMatchObject({ ok: false, retry: true })
    expect(await outcome({ login: null })).toMatchObject({ ok: false, retry: false })
    const wrong = await outcome({ login: { user: 'hepar', password: secret('not-the-password') } })
    expect(wrong).toMatchObject({ ok: false, retry: true })
    expect(JSON.stringify(wrong)).not.toContain('not-the-password')
    expect(await outcome({ server: { host: '127.0.0.1', port: 9 } })).toMatchObject({ ok: false, retry: true })
    expect(await outcome({ ca: '/nowhere/ca.pem' })).toMatchObject({ ok: false, retry: true })
    // Its authority is not one of the system's.
    expect(await outcome({ ca: null })).toMatchObject({ ok: false, retry: true })
  })

  test.each([
    ['offers none', '502 never heard of it'],
    ['takes its offer back', '454 not now'],
  ])('tells a server without TLS nothing where TLS is wanted: one that %s', async (_, answer) => {
    const heard: string[] = []
    const port = await oddServer((line, socket) => {
      heard.push(...line.trim().split('\r\n'))
      const offer = answer.startsWith('454') ? '250-STARTTLS\r\n' : ''
      socket.write(line.startsWith('STARTTLS') ? `${answer}\r\n` : `250-odd\r\n${offer}250 AUTH PLAIN LOGIN\r\n`)
    })
    const channel = emailChannel({ port, caFile: server.caFile })
    const outcome = await deliverTo(channel, { timeoutMs: 2_000 })(outgoing('mail', handedOver))
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringContaining('STARTTLS') })
    expect(heard.filter((line) => !/^(EHLO|HELO|STARTTLS|QUIT)\b/.test(line))).toEqual([])
    expect(heard).toContain('STARTTLS')
  })

  test('waits for a server that says nothing no longer than it may', async () => {
    await using sink = await startSink({ answer: { hang: 'before' } })
    const channel = emailChannel({ port: sink.port, caFile: server.caFile })
    const begun = performance.now()
    expect(await deliverTo(channel, { timeoutMs: 300 })(outgoing('mail', handedOver))).toMatchObject({
      ok: false,
      retry: true,
    })
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test('waits for a server that drips no longer either', async () => {
    const port = await oddServer((_, socket) => {
      const dripping = setInterval(() => socket.write('250-and more\r\n'), 50)
      socket.once('close', () => clearInterval(dripping))
    })
    const channel = emailChannel({ port, caFile: server.caFile }, { security: 'none', login: null })
    const answer = deliverTo(channel, { timeoutMs: 300 })(outgoing('mail', handedOver))
    expect(await Promise.race([answer, after(5_000)])).toMatchObject({ ok: false, retry: true })
  })

  test('tells no password that a server says back', async () => {
    const port = await oddServer((line, socket) => {
      const [, , plain] = line.trim().split(' ')
      const said = Buffer.from(plain ?? '', 'base64')
        .toString()
        .split('\0')
        .at(-1)
      const words = `${line.trim()}: no, ${said} is wrong`
      socket.write(line.startsWith('AUTH') ? `535 ${words}\r\n` : '250-odd\r\n250 AUTH PLAIN\r\n')
    })
    const login = { user: 'hepar', password: secret('correct-horse') }
    const channel = emailChannel({ port, caFile: server.caFile }, { security: 'none', login })
    const answer = await deliverTo(channel, { timeoutMs: 2_000 })(outgoing('mail', handedOver))
    expect(answer).toMatchObject({
      ok: false,
      reason: expect.stringContaining('AUTH PLAIN [redacted]: no, [redacted] is wrong'),
    })
  })
})
