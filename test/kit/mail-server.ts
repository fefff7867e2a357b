import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { freePort } from './ports.ts'
import { startProcess } from './process.ts'
import { tempFolder } from './temp.ts'

export const mailProgram = '/usr/sbin/exim4'
export const mailLogin = { user: 'hepar', password: 'a mail password' }

const tls = resolve(import.meta.dirname, '../fixtures/tls')

/** A mail as it lies in the mailbox. */
export interface Mail {
  /** Unfolded and decoded no further, by lower-case name; of several the first. The body is decoded. */
  readonly headers: Readonly<Record<string, string>>
  readonly headerNames: readonly string[]
  readonly body: string
  readonly raw: string
}

export interface MailServer extends AsyncDisposable {
  readonly port: number
  readonly caFile: string
  /** Everything delivered so far, oldest first. */
  mails(): readonly Mail[]
  log(): string
}

/** A real Exim on a loopback port, with everything in a folder of its own. It takes mail from who has signed in under TLS. */
export async function startMailServer(): Promise<MailServer> {
  // Exim delivers as a user of its own, who must get there whatever TMPDIR says.
  const home = await tempFolder('mail', '/tmp')
  const port = await freePort()
  // Exim writes as a user of its own.
  for (const path of [home.path, home.file('mail'), home.file('log'), home.file('spool')]) {
    mkdirSync(path, { recursive: true })
    chmodSync(path, 0o777)
  }
  for (const name of ['server.pem', 'server.key']) {
    writeFileSync(home.file(name), readFileSync(join(tls, name)))
    chmodSync(home.file(name), 0o644)
  }
  writeFileSync(home.file('exim.conf'), configuration(home.path, port))
  const process = await startProcess({
    name: 'exim',
    command: mailProgram,
    args: ['-C', home.file('exim.conf'), '-bdf'],
    folder: home.path,
    ready: () => greets(port),
  })
  const mailbox = home.file('mail', 'new')
  return {
    port,
    caFile: join(tls, 'ca.pem'),
    mails: () => {
      const names = readdirSync(home.file('mail')).includes('new') ? readdirSync(mailbox).sort() : []
      return names.map((name) => parseMail(readFileSync(join(mailbox, name), 'utf8')))
    },
    log: () =>
      readdirSync(home.file('log'))
        .map((name) => readFileSync(home.file('log', name), 'utf8'))
        .join(''),
    async [Symbol.asyncDispose]() {
      await process.stop()
      await home[Symbol.asyncDispose]()
    },
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.end('QUIT\r\n')
      resolve(true)
    })
    socket.once('error', reject)
  })
}

function configuration(folder: string, port: number): string {
  return `
primary_hostname = mail.example.test
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/exim.pid
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 50
tls_advertise_hosts = *
tls_certificate = ${folder}/server.pem
tls_privatekey = ${folder}/server.key
auth_advertise_hosts = *
acl_smtp_rcpt = of_recipient
acl_smtp_data = accept
begin acl
of_recipient:
  defer local_parts = full
        message = the mailbox is full for now
  deny  local_parts = nobody
        message = there is nobody of this name
  accept authenticated = *
  deny  message = sign in first
begin routers
everybody:
  driver = accept
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  directory = ${folder}/mail
  maildir_format
  create_directory
  envelope_to_add
  user = Debian-exim
  mode = 0644
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = \${if def:tls_in_cipher}
  server_condition = \${if and{{eq{$auth2}{${mailLogin.user}}}{eq{$auth3}{${mailLogin.password}}}}}
  server_set_id = $auth2
`
}

function parseMail(raw: string): Mail {
  const end = raw.indexOf('\n\n')
  const lines = raw
    .slice(0, end)
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
  const pairs = lines.map(
    (text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1).trim()] as const,
  )
  const headers = Object.fromEntries([...pairs].reverse().map(([name, value]) => [name.toLowerCase(), value]))
  const body = decoded(raw.slice(end + 2), headers['content-transfer-encoding'])
  return { headers, headerNames: pairs.map(([name]) => name), body, raw }
}

function decoded(body: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return body
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
