import { styleText } from 'node:util'
import { formatProblem, type Policy, type Problem } from '../domain/policy.ts'
import { visible } from '../domain/visible.ts'

export interface Greeting {
  readonly version: string
  readonly url: string
  /** How to call the client commands. */
  readonly command: string
  readonly policy: Policy
  readonly warnings: readonly Problem[]
  readonly unreachable: readonly string[]
  readonly now: number
}

const modes = {
  observe: 'plans and records what it would do, touches nothing',
  approve: 'plans and waits for approval',
  auto: 'heals',
} as const

/** What a person wants to know after a start: where everything is, what is missing, what to do first. */
export function formatGreeting({ version, url, command, policy, warnings, unreachable, now }: Greeting): string {
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
  ]
  const notes = [...warnings.map(formatProblem), ...unreachable]
  const lines = [
    styleText('bold', `hepar ${version} is ready`),
    ...rows.map(([name, text]) => `  ${styleText('dim', name.padEnd(9))}  ${visible(text)}`),
    ...notes.map((note) => `  ${styleText('yellow', 'warning'.padEnd(9))}  ${visible(note)}`),
    '',
    'Send a first alert, then look at what became of it:',
    `  ${firstAlert(url, hasTokens, now)}`,
    `  ${command} alerts`,
    `  ${command} incidents`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

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
  const labels = { alertname: 'ContainerUnhealthy', severity: 'critical', host: 'local', name: 'web' }
  const alert = { status: 'firing', fingerprint: 'f1257a1e27000001', labels, startsAt: new Date(now).toISOString() }
  const body = JSON.stringify({ version: '4', alerts: [alert] })
  const token = hasTokens ? ' -H "Authorization: Bearer $HEPAR_TOKEN"' : ''
  return `curl -sS ${url}/webhook/alertmanager${token} -H 'Content-Type: application/json' -d '${body}'`
}
