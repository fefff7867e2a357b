import { existsSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createApp } from '../../src/app.ts'

/** Hepar as it is shipped, except that it stops at the checkpoints a test has asked for, until the test says otherwise. */
const folder = process.env.HEPAR_TEST_HOLDS ?? ''
const configFile = process.argv[2] ?? ''

async function checkpoint(name: string): Promise<void> {
  const file = name.replaceAll(':', '-')
  if (!existsSync(join(folder, `hold-${file}`))) return
  writeFileSync(join(folder, `reached-${file}`), '')
  while (existsSync(join(folder, `hold-${file}`))) await pause(10)
}

const { HEPAR_TEST_HOLDS: _, ...env } = process.env
await createApp({
  configFile,
  env,
  checkpoint,
  prettyLog: false,
  writeLog: (line) => void process.stdout.write(line.endsWith('\n') ? line : `${line}\n`),
})
// A process that is always killed would never leave what it has compiled to the next one.
flushCompileCache()
