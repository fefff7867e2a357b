import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

/**
 * What a webhook that executes commands does, such as those that run a script for each alert: a shell is forked for every
 * alert, gets its labels in its environment, and appends a line to a file. It answers when all of them have ended.
 */
const [file = '', port = ''] = process.argv.slice(2)
const command = `printf '%s %s %s\\n' "$STATUS" "$ALERTNAME" "$NAME" >> "$FILE"`

interface Alert {
  readonly status: string
  readonly labels: Readonly<Record<string, string>>
}

function run({ status, labels }: Alert): Promise<void> {
  const env = { PATH: process.env.PATH, FILE: file, STATUS: status, ALERTNAME: labels.alertname, NAME: labels.name }
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], { env, stdio: 'ignore' })
    child.on('error', reject).on('exit', () => resolve())
  })
}

const server = createServer(async (request, response) => {
  let body = ''
  for await (const text of request.setEncoding('utf8')) body += text
  const { alerts } = JSON.parse(body || '{"alerts":[]}') as { alerts: readonly Alert[] }
  for (const alert of alerts) await run(alert)
  response.setHeader('Content-Length', 2).end('ok')
})
server.listen(Number(port), '127.0.0.1')
