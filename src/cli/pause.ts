import { Command, Option } from 'commander'
import { durationText, reasonOption } from './arguments.ts'
import type { Client, Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

const stopSwitch = '/api/v1/pause'
const pauses = '/api/v1/pauses'

interface PauseOptions {
  readonly show?: boolean
  readonly list?: boolean
  readonly reason?: string
  readonly for?: string
  readonly from?: string
  readonly playbook?: string
  readonly target?: string
  readonly maintenance?: boolean
}

const settings = ['reason', 'for', 'from', 'playbook', 'target', 'maintenance']

export function pause(parts: CliParts): Command {
  const command = new Command('pause')
    .summary('turn the stop switch on, pause a playbook or targets, or list what is paused')
    .description(
      'Turns the stop switch on: running effects finish, nothing new starts. With --playbook, --target, --from or ' +
        '--maintenance it places a pause beside it, which others neither lift nor change. Both survive restarts.',
    )
    .option('--playbook <glob>', 'only this playbook, or those that the glob matches')
    .option('--target <glob>', 'only these targets, such as "container/*/web-*"')
    .option('--from <time>', 'begin later, such as 2030-01-31T22:00:00Z')
    .option('--for <duration>', 'until lifted by itself, such as 30m', durationText)
    .option('--maintenance', 'hold hand-overs back, too, as a window of maintenance does')
    .addOption(reasonOption().makeOptionMandatory(false))
    .addOption(
      new Option('--show', 'say whether the stop switch is on, by whom, why and until when').conflicts(settings),
    )
    .addOption(new Option('--list', 'list pauses and windows of maintenance').conflicts([...settings, 'show']))
  return serverCommand<PauseOptions>(command, parts, async ({ options, print }, client) => {
    if (options.list) return print(await client.get(pauses), formatList)
    if (options.show) {
      const placed = await client.get(pauses)
      return print(await client.get(stopSwitch), (answer) => formatStopSwitch(answer) + formatBesides(placed))
    }
    // Whoever types the bare command in an emergency must not take an answer for a pause.
    if (options.reason === undefined) {
      command.error('error: nothing was paused: give --reason <text>, or --show or --list to see what is paused')
    }
    const { show: _, list: __, ...given } = options
    const { playbook, target, from, maintenance } = given
    if (playbook ?? target ?? from ?? maintenance) return print(await client.send('POST', pauses, given), formatPlaced)
    print(await client.send('PUT', stopSwitch, { paused: true, ...given }), formatStopSwitch)
  })
}

interface UnpauseOptions {
  readonly restored?: boolean
}

export function unpause(parts: CliParts): Command {
  const command = new Command('unpause')
    .summary('lift the stop switch, or one pause')
    .description(
      'Lifts the stop switch, or with an id that one pause. What waited is looked at again, a few at a time.',
    )
    .argument('[id]', 'as `hepar pause --list` shows it; without one, the stop switch')
    .option('--restored', 'also that of a restored store: the world was looked at, and Hepar may act again')
  return serverCommand<UnpauseOptions>(command, parts, async ({ args, options, print }, client) => {
    const id = args[0]
    if (id !== undefined) return print(await lift(client, id), formatLifted)
    const body = { paused: false, ...(options.restored === true && { restored: true }) }
    print(await client.send('PUT', stopSwitch, body), formatStopSwitch)
  })
}

function lift(client: Client, id: string): Promise<Fields> {
  return client.remove(`${pauses}/${encodeURIComponent(id)}`)
}

function formatStopSwitch({ paused, reason, by, since, until }: Fields): string {
  return paused === true
    ? formatFields({ paused: 'yes', reason, by, since, until: until ?? 'it is lifted' })
    : formatFields({ paused: 'no' })
}

/** Whoever reads that the switch is off must not take it for a word about the pauses. */
function formatBesides(answer: Fields): string {
  const active = [...rows(answer, 'pauses'), ...rows(answer, 'windows')].filter(({ state }) => state === 'active')
  if (active.length === 0) return ''
  return formatFields({ besides: `${active.length} pauses or windows hold some back: hepar pause --list` })
}

function formatPlaced(answer: Fields): string {
  const { id, state, playbook, target, reason, by, from, until, maintenance } = answer.pause as Fields
  return formatFields({
    pause: id,
    state,
    playbook: playbook ?? 'any',
    target: target ?? 'any',
    reason,
    by,
    from,
    until: until ?? 'it is lifted',
    holdsHandOvers: maintenance === true ? 'yes' : null,
    liftIt: `hepar unpause ${id}`,
  })
}

function formatLifted(answer: Fields): string {
  const { id, playbook, target, reason, by } = answer.lifted as Fields
  return formatFields({ lifted: id, playbook: playbook ?? 'any', target: target ?? 'any', reason, placedBy: by })
}

function formatList(answer: Fields): string {
  const placed = rows(answer, 'pauses').map((row) => {
    const until = row.until ?? 'lifted'
    return [row.id, row.state, row.playbook ?? 'any', row.target ?? 'any', row.from, until, row.by, row.reason]
  })
  const windows = rows(answer, 'windows').map((row) => {
    return [row.name, row.state, row.playbook ?? 'any', row.target ?? 'any', row.from, row.until, row.reason]
  })
  return [
    formatTable(['PAUSE', 'STATE', 'PLAYBOOK', 'TARGET', 'FROM', 'UNTIL', 'BY', 'REASON'], placed),
    windows.length === 0 ? '' : heading('Windows of maintenance'),
    windows.length === 0
      ? ''
      : formatTable(['WINDOW', 'STATE', 'PLAYBOOK', 'TARGET', 'FROM', 'UNTIL', 'REASON'], windows),
  ].join('')
}
