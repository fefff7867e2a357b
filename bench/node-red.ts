import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../test/kit/process.ts'

const version = '4.1.15'
const installMsMax = 240_000

/** Where Node-RED lies, or why it cannot be had. It is installed into a folder that is thrown away, never into the project. */
export async function installNodeRed(
  folder: string,
): Promise<{ readonly ok: true; readonly program: string } | { readonly ok: false; readonly reason: string }> {
  mkdirSync(folder, { recursive: true })
  const args = ['install', `node-red@${version}`, '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error']
  try {
    const { code, stderr } = await runProgram('npm', args, { cwd: folder, timeoutMs: installMsMax })
    if (code === 0) return { ok: true, program: join(folder, 'node_modules/node-red/red.js') }
    return { ok: false, reason: `npm could not install node-red@${version}: ${stderr.trim().split('\n').at(-1) ?? ''}` }
  } catch (error) {
    return { ok: false, reason: `npm does not run here: ${(error as Error).message}` }
  }
}

/** A headless Node-RED with one flow; the arguments that start it, but for the port. */
export function nodeRedArgs(program: string, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const settings = join(folder, 'settings.cjs')
  writeFileSync(settings, settingsText)
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(flow(join(folder, 'alerts.log'))))
  return [program, '--userDir', folder, '--settings', settings, '--port']
}

const settingsText = `module.exports = {
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  httpAdminRoot: false,
  apiMaxLength: '256mb',
  logging: { console: { level: 'warn' } },
}
`

/** Remembers each fingerprint in the flow's context, which is how duplicates are known, and appends what is new to a file. */
const remember = `
const seen = flow.get('seen') || {}
flow.set('seen', seen)
const fresh = msg.payload.alerts.filter((alert) => seen[alert.fingerprint] !== alert.startsAt)
for (const alert of fresh) seen[alert.fingerprint] = alert.startsAt
const lines = fresh.map((alert) => alert.status + ' ' + alert.labels.alertname + ' ' + alert.labels.name + '\\n')
msg.payload = lines.join('')
return msg`

function flow(file: string) {
  const node = (id: string, type: string, wires: string[], more: object) => ({
    id,
    type,
    z: 'tab',
    x: 0,
    y: 0,
    wires: wires.length === 0 ? [] : [wires],
    ...more,
  })
  return [
    { id: 'tab', type: 'tab', label: 'alerts' },
    node('in', 'http in', ['function'], { url: '/webhook/alertmanager', method: 'post', upload: false }),
    node('function', 'function', ['file'], { func: remember, outputs: 1, libs: [] }),
    node('file', 'file', ['out'], {
      filename: file,
      filenameType: 'str',
      appendNewline: false,
      overwriteFile: 'false',
    }),
    node('out', 'http response', [], { statusCode: '200', headers: {} }),
    node('ready-in', 'http in', ['ready-out'], { url: '/readyz', method: 'get', upload: false }),
    node('ready-out', 'http response', [], { statusCode: '200', headers: {} }),
  ]
}
