import { existsSync } from 'node:fs'
import { styleText } from 'node:util'
import { formatProblem, type Policy, type Problem } from '../domain/policy.ts'
import { visible } from '../domain/visible.ts'

export interface Greeting {
  readonly version: string
  readonly url: string
  readonly policy: Policy
  readonly warnings: readonly Problem[]
  readonly unreachable: readonly string[]
  /** What to type before the name of a command. */
  readonly command: string
  readonly now: number
}

const modes = {
  observe: 'plans and records what it would do, touches nothing',
  approve: 'plans and waits for approval',
  auto: 'heals',
} as const

/** What a person wants to know after a start: where everything is, what is missing, what to do first. */
export function formatGreeting({ version, url, policy, warnings, unreachable, command, now }: Greeting): string {
  const { config, playbooks, actions } = policy
  const hasTokens = config.auth.tokens.length > 0
  const rows: (readonly [string, string])[] = [
    ['webhook', `${url}/webhook/alertmanager`],
    ['API', `${url}/api/v1   described at ${url}/openapi.json`],
    ['metrics', `${url}/metrics`],
    ['mode', `${config.mode}: ${modes[config.mode]}`],
    ['playbooks', list(playbooks.map(({ name }) => name))],
    ['actions', list(actions.map(({ name }) => name))],
    ['auth', hasTokens ? tokensText(config.auth.tokens.length) : openText],
    ['config', existsSync(config.file) ? config.file : `${config.file} is not there: everything has its default`],
    ['data', config.dataFolder],
  ]
  const notes = [...warnings.map(formatProblem), ...unreachable]
  const lines = [
    styleText('bold', `hepar ${version} is ready`),
    ...rows.map(([name, text]) => `  ${styleText('dim', name.padEnd(9))}  ${visible(text)}`),
    ...notes.map((note) => `  ${styleText('yellow', 'warning'.padEnd(9))}  ${visible(note)}`),
    ...(unreachable.length > 0 ? [`  ${' '.repeat(9)}  ${styleText('dim', waitingText)}`] : []),
    '',
    'Send a first alert, then look at what became of it:',
    `  ${firstAlert(url, hasTokens, now)}`,
    `  ${command} alerts`,
    `  ${command} incidents`,
    `  ${command} show`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

const waitingText = 'Hepar takes alerts in meanwhile, acts on none that it cannot check, and goes on by itself.'
const openText = 'no tokens: only this machine can connect, and everybody on it is admin'

function tokensText(count: number): string {
  return `${count} tokens; clients send one as "Authorization: Bearer ..."`
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${names.length}: ${shown}, ...` : `${names.length}: ${shown}`
}

function firstAlert(url: string, hasTokens: boolean, now: number): string {
  const labels = { alertname: 'ContainerUnhealthy', severity: 'warning', host: 'local', name: 'web' }
  const alert = { status: 'firing', fingerprint: 'f1257a1e27000001', labels, startsAt: new Date(now).toISOString() }
  const body = JSON.stringify({ version: '4', alerts: [alert] })
  const token = hasTokens ? ' -H "Authorization: Bearer $HEPAR_TOKEN"' : ''
  return `curl -sS ${url}/webhook/alertmanager${token} -H 'Content-Type: application/json' -d '${body}'`
}
