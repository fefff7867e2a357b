import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Stands for systemd where none runs: it knows one unit, by the arguments that `systemctl` is documented to take. */
export interface StandInSystemctl {
  /** A PATH that finds it first. */
  readonly path: string
  /** What it was called with, one call each, arguments in brackets. */
  calls(): readonly string[]
  /** What `journalctl` was called with. */
  journalCalls(): readonly string[]
  /** What `journalctl` prints from now on; it prints nothing before. */
  journal(text: string): void
  /** Properties that `show` tells from now on, over those it told before. */
  tell(properties: Readonly<Record<string, string>>): void
  /** What `restart` tells from now on; by default the unit is active, in a new run. */
  afterRestart(properties: Readonly<Record<string, string>>): void
  /** Shell text that `restart` runs in the place of a restart, such as `exit 1`. */
  restartBy(script: string): void
}

const webService = {
  Id: 'web.service',
  LoadState: 'loaded',
  ActiveState: 'failed',
  SubState: 'failed',
  Result: 'exit-code',
  InvocationID: '1'.repeat(32),
  MainPID: '0',
  NRestarts: '0',
  ActiveEnterTimestampMonotonic: '1',
  ControlGroup: '/system.slice/web.service',
  MemoryCurrent: '[not set]',
  TasksCurrent: '[not set]',
  ExecMainStatus: '1',
}

const started = {
  ActiveState: 'active',
  SubState: 'running',
  Result: 'success',
  InvocationID: '2'.repeat(32),
  NRestarts: '0',
}

export function standInSystemctl(folder: string, unit = 'web.service'): StandInSystemctl {
  const wellKnown = { ...webService, Id: unit, ControlGroup: `/system.slice/${unit}` }
  const bin = join(folder, 'bin')
  const state = join(folder, 'systemd')
  mkdirSync(bin, { recursive: true })
  mkdirSync(state, { recursive: true })
  const file = (name: string) => join(state, name)
  const write = (name: string, properties: Readonly<Record<string, string>>) =>
    writeFileSync(
      file(name),
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    )
  writeFileSync(
    join(bin, 'systemctl'),
    `#!/bin/sh
cd ${state} || exit 1
printf '[%s]' "$@" >> calls; echo >> calls
for word in "$@"; do
  case $word in
  show) cat now; exit ;;
  restart) if [ -e by ]; then . ./by; fi; cat after > next && mv next now; exit ;;
  esac
done
exit 1
`,
  )
  chmodSync(join(bin, 'systemctl'), 0o755)
  writeFileSync(
    join(bin, 'journalctl'),
    `#!/bin/sh\ncd ${state} || exit 1\nprintf '[%s]' "$@" >> asked; echo >> asked\n[ ! -e journal ] || cat journal\n`,
    { mode: 0o755 },
  )
  const linesOf = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8').trim().split('\n') : [])
  let now: Readonly<Record<string, string>> = wellKnown
  write('now', now)
  write('after', { ...wellKnown, ...started })
  return {
    path: `${bin}${delimiter}${process.env.PATH}`,
    calls: () => linesOf('calls'),
    journalCalls: () => linesOf('asked'),
    journal: (text) => writeFileSync(file('journal'), text),
    tell(properties) {
      now = { ...now, ...properties }
      write('now', now)
    },
    afterRestart: (properties) => write('after', { ...wellKnown, ...started, ...properties }),
    restartBy: (script) => appendFileSync(file('by'), `${script}\n`),
  }
}
