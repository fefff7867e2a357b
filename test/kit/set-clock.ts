import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A wall clock that a test sets, for a Hepar and its runners; what counts how long something takes goes on as always. */
export interface SetClock {
  readonly env: Readonly<Record<string, string>>
  /** Such as `+3h` or `-90m`; `+0` is the time of the machine. */
  set(offset: string): void
}

export function setClockIn(folder: string): SetClock {
  const file = join(folder, 'clock')
  const node = join(folder, 'node')
  const preload = join('/usr/lib', readdirSync('/usr/lib').find((name) => name.endsWith('-linux-gnu')) ?? '')
  const variables = {
    LD_PRELOAD: join(preload, 'faketime/libfaketimeMT.so.1'),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
  const words = Object.entries(variables).map(([name, value]) => `${name}='${value}'`)
  writeFileSync(node, `#!/bin/sh\nexec env ${words.join(' ')} '${process.execPath}' "$@"\n`, { mode: 0o755 })
  const set = (offset: string) => {
    // Never half a word in it.
    writeFileSync(`${file}.next`, `${offset}\n`)
    renameSync(`${file}.next`, file)
  }
  set('+0')
  return { env: { ...variables, CLOCKED_NODE: node }, set }
}
