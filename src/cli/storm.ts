import { Command } from 'commander'
import { reasonOption } from './arguments.ts'
import type { Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

const path = '/api/v1/storm'

interface StormOptions {
  readonly release?: boolean
  readonly reason?: string
}

export function storm(parts: CliParts): Command {
  const command = new Command('storm')
    .summary('say whether a storm of incidents holds effects back, or end it')
    .description('Says whether too many new incidents at once hold every new effect back, and until when.')
    .option('--release', 'end it: effects may begin again at once')
    .addOption(reasonOption().makeOptionMandatory(false))
  return serverCommand<StormOptions>(command, parts, async ({ options, print }, client) => {
    if (options.release === true && options.reason === undefined) {
      command.error('error: nothing was released: give --reason <text>')
    }
    if (options.release !== true && options.reason !== undefined) {
      command.error('error: nothing was released: add --release')
    }
    const answer = options.release
      ? await client.send('DELETE', path, { reason: options.reason })
      : await client.get(path)
    print(answer, formatStorm)
  })
}

function formatStorm(answer: Fields): string {
  const { phase, cause, since, until, step, width, left, latches, newIncidents, limit, windowMs } = answer
  const rate = `${newIncidents} in the last ${Number(windowMs) / 1_000} s, a storm above ${limit}`
  const ramp = step === undefined ? null : `step ${step} lets ${width} effects through, ${left} of them still to come`
  const table = (name: string) =>
    rows(answer, `${name}s`).length === 0
      ? ''
      : heading(`New incidents by ${name}`) +
        formatTable(
          ['INCIDENTS', name.toUpperCase()],
          rows(answer, `${name}s`).map((row) => [row.incidents, row[name]]),
        )
  return [
    formatFields({ storm: phase, cause, since, coolDownUntil: until, ramp, latched: latches, newIncidents: rate }),
    table('playbook'),
    table('target'),
  ].join('')
}
