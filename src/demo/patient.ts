import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DemoFailure } from './failure.ts'
import { startProgram } from './program.ts'
import { type Scene, until } from './scene.ts'

/** The patient from outside: its files, its health check, and what was done to it. */
export interface Patient {
  readonly url: string
  readonly temp: string
  pid(): number
  health(): Promise<{ readonly status: number; readonly words: string }>
  /** Names of the files in its temporary folder. */
  tempFiles(): readonly string[]
  /** Leaves files of three hours ago behind, as jobs do that died; more than the folder may hold. */
  overfill(): void
  /** A small file of three hours ago. */
  leaveOldFile(name: string): void
  /** Takes half of the index away. */
  damageIndex(): void
  /** Requests to rebuild the index that were begun, and those that were done, by their idempotency keys. */
  rebuilds(): { readonly begun: readonly string[]; readonly ended: readonly string[] }
  /** Called the moment a rebuild begins. */
  onRebuild(listener: () => void): void
}

const quotaBytes = 8 * 2 ** 20
const leftBehind = { files: 40, bytes: 256 * 1024, hoursAgo: 3 } as const
const recordCount = 32

/** Starts the patient, well and with a session under way. */
export async function startPatient({ folder, signal, closing }: Scene): Promise<Patient> {
  const home = join(folder, 'patient')
  const [temp, records, index] = [join(home, 'temp'), join(home, 'records'), join(home, 'index.json')] as const
  for (const path of [temp, records]) mkdirSync(path, { recursive: true })
  for (let at = 0; at < recordCount; at++) writeFileSync(join(records, `record-${at}`), `the record number ${at}`)
  writeFileSync(index, JSON.stringify(Object.fromEntries(readdirSync(records).map((name) => [name, ''])), null, 2))
  writeFileSync(join(temp, 'session-under-way'), 'written now')
  writeFileSync(join(home, 'rebuilds.log'), '')
  let url: string | null = null
  let onRebuild = () => {}
  const program = startProgram({
    name: 'patient',
    command: process.execPath,
    args: [join(import.meta.dirname, 'patient-service.ts'), home, String(quotaBytes)],
    folder: home,
    onLine(line) {
      if (line.startsWith('http:')) url = line
      if (line === 'rebuild begun') onRebuild()
    },
  })
  closing.defer(() => program.kill())
  const address = await until({ signal }, 'the patient listens', () => {
    if (!program.running()) throw new DemoFailure(`the patient could not start:\n${program.lastWords()}`)
    return url
  })
  const writeOld = (name: string, bytes: number) => {
    const file = join(temp, name)
    writeFileSync(file, Buffer.alloc(bytes, 'old '))
    const then = Date.now() / 1_000 - leftBehind.hoursAgo * 3_600
    utimesSync(file, then, then)
  }
  return {
    url: address,
    temp,
    pid: () => program.pid,
    async health() {
      const response = await fetch(`${address}/health`, { signal })
      const { complaints } = (await response.json()) as { complaints: readonly string[] }
      return { status: response.status, words: [response.status, ...complaints].join(', ') }
    },
    tempFiles: () => readdirSync(temp).sort(),
    overfill() {
      for (let at = 1; at <= leftBehind.files; at++) writeOld(`left-behind-${at}`, leftBehind.bytes)
    },
    leaveOldFile: (name) => writeOld(name, 1_000),
    damageIndex() {
      const entries = Object.entries(JSON.parse(readFileSync(index, 'utf8')) as object)
      writeFileSync(index, JSON.stringify(Object.fromEntries(entries.slice(0, recordCount / 2)), null, 2))
    },
    rebuilds() {
      const lines = readFileSync(join(home, 'rebuilds.log'), 'utf8').split('\n')
      const of = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.split(' ')[1] ?? '')
      return { begun: of('begun'), ended: of('ended') }
    },
    onRebuild(listener) {
      onRebuild = listener
    },
  }
}
