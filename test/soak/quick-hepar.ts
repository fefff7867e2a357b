import { boundHeap } from '../../src/app/bounded-heap.ts'
import { serveUntilSignal } from '../../src/app/serve.ts'
import { createApp } from '../../src/app.ts'

/** Hepar as it is shipped, with its bounded heap and its signals, except that the past grows old within minutes. */
boundHeap()
const configFile = process.argv[2] ?? ''
const { HEPAR_SOAK_HASTEN, HEPAR_TEST_HOLDS: _, ...env } = process.env
const writeLog = (line: string) => void process.stdout.write(line.endsWith('\n') ? line : `${line}\n`)
await serveUntilSignal(
  () => createApp({ configFile, env, prettyLog: false, writeLog, hasten: Number(HEPAR_SOAK_HASTEN) }),
  { json: true, command: 'hepar', out: () => {} },
)
