import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createTransport, type Transporter } from 'nodemailer'
import type { EmailChannel } from '../../domain/config.ts'
import type { Delivered, Outgoing } from '../../engine/tell/delivery-port.ts'
import { line } from './text.ts'
import { wordsOf } from './words.ts'

const subjectMax = 200
const lineMax = 900

interface Means {
  readonly externalUrl: string | null
  readonly timeoutMs: number
}

/** One mail in plain text. Its `Message-ID` comes from the idempotency key, so that mail programs see a repeat as one. */
export async function sendEmail(channel: EmailChannel, message: Outgoing, means: Means): Promise<Delivered> {
  const messageId = messageIdOf(message.idempotencyKey, channel.from)
  const late = Promise.withResolvers<never>()
  // Each step is bounded, but a server that drips could make any number of steps.
  const timer = setTimeout(() => late.reject(new Error('the mail server took too long')), means.timeoutMs * 3)
  let transport: Transporter | null = null
  try {
    transport = await openTransport(channel, means.timeoutMs)
    const mail = { from: channel.from, to: [...channel.to], messageId, ...mailOf(message, means.externalUrl) }
    await Promise.race([transport.sendMail(mail), late.promise])
    return { ok: true, receipt: messageId }
  } catch (cause) {
    return refusal(channel, cause)
  } finally {
    clearTimeout(timer)
    transport?.close()
  }
}

async function openTransport({ server, security, ca, login }: EmailChannel, timeoutMs: number) {
  return createTransport({
    host: server.host,
    port: server.port,
    secure: security === 'implicit',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(ca !== null && { tls: { ca: await readFile(ca) } }),
    ...(login !== null && { auth: { user: login.user, pass: login.password.reveal() } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Nothing that a label says may become a file or a request.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

/** Subject, text and headers of a mail; no label can end a line of a header. Pure. */
export function mailOf({ body, idempotencyKey, earlier }: Outgoing, externalUrl: string | null) {
  const { title, facts, paragraphs, link } = wordsOf(body, externalUrl)
  const parents = earlier.map(({ receipt }) => receipt)
  const last = parents.at(-1)
  return {
    subject: line(`[Hepar] ${title}`, subjectMax),
    text: [
      line(title, lineMax),
      '',
      ...facts.map(([name, value]) => line(`${name}: ${value}`, lineMax)),
      ...(paragraphs.length > 0 ? ['', ...paragraphs.map((words) => line(words, lineMax))] : []),
      ...(link === null ? [] : ['', link]),
      '',
    ].join('\n'),
    headers: { 'X-Hepar-Idempotency-Key': line(idempotencyKey, lineMax), 'Auto-Submitted': 'auto-generated' },
    ...(last !== undefined && { inReplyTo: last, references: parents }),
  }
}

function messageIdOf(idempotencyKey: string, from: string): string {
  const digest = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 40)
  return `<${digest}@${from.slice(from.lastIndexOf('@') + 1)}>`
}

/** A 5xx about the message is the server's last word; everything else, from names to passwords, may be mended meanwhile. */
function refusal({ name, login }: EmailChannel, cause: unknown): Delivered {
  const { responseCode, code, message } = cause as { responseCode?: number; code?: string; message?: string }
  const said = line(withoutLogin(message ?? String(cause), login), 300)
  const retry = responseCode === undefined || responseCode < 500 || code === 'EAUTH'
  return { ok: false, retry, reason: `channel ${name}: ${code ? `${code}: ` : ''}${said}` }
}

/** A server may say back what it was told, as it was told: signing in is written in Base64. */
function withoutLogin(words: string, login: EmailChannel['login']): string {
  if (login === null) return words
  const password = login.password.reveal()
  const plain = [`\0${login.user}\0${password}`, `${login.user}\0${login.user}\0${password}`, password]
  return [password, ...plain.map((text) => Buffer.from(text).toString('base64'))].reduce(
    (text, form) => text.replaceAll(form, '[redacted]'),
    words,
  )
}
