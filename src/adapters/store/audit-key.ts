import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { sha256 } from '../../engine/digest.ts'
import { HeparError, messageOf } from '../../engine/errors.ts'
import type { AuditKey, AuditKeys } from './chain.ts'
import { writeDurably } from './durable-file.ts'

const keyBytes = 32

const preamble = [
  '# Keys of the audit log, one per line: <key id> <key in hex>. The last one signs new events; the others prove old ones.',
  '# Never remove a line. Keep a copy of this file elsewhere: without it the log can be read but not verified.',
].join('\n')

/** Reads the key file. Throws `config` when it is missing, readable by others, or damaged. */
export function readAuditKeys(file: string): AuditKeys {
  let content: string
  try {
    const stats = statSync(file)
    if (!stats.isFile()) throw refusal(`audit key ${file} is not a file: ${putBack}`)
    const { mode } = stats
    if ((mode & 0o077) !== 0) throw refusal(`audit key ${file} is open to other users: run chmod 600 ${file}`)
    content = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof HeparError) throw cause
    throw refusal(whyUnreadable(file, cause), cause)
  }
  const all = content
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => parseKey(file, line, number))
  const current = all.at(-1)
  if (current === undefined) throw refusal(`audit key ${file} is empty: ${putBack}`)
  return { current, all }
}

/** Creates the key file with a first key. Throws `config` when there is one already. */
export function createAuditKey(file: string): AuditKeys {
  try {
    writeDurably(file, `${preamble}\n${newKeyLine()}\n`, { exclusive: true })
  } catch (cause) {
    throw refusal(`audit key ${file} cannot be created (${reasonOf(cause)})`, cause)
  }
  return readAuditKeys(file)
}

/** Appends a new key, in force at the next start. Returns its id. Throws `config`. */
export function rotateAuditKey(file: string): string {
  readAuditKeys(file)
  const content = readFileSync(file, 'utf8')
  try {
    writeDurably(file, `${content.trimEnd()}\n${newKeyLine()}\n`, { exclusive: false })
  } catch (cause) {
    throw refusal(`audit key ${file} cannot be replaced (${reasonOf(cause)})`, cause)
  }
  return readAuditKeys(file).current.id
}

/** The keys of a store with `events` events in its log; only a store without any gets a new key file. */
export function openAuditKeys(file: string, events: number): AuditKeys {
  if (existsSync(file)) return readAuditKeys(file)
  if (events === 0) return createAuditKey(file)
  throw refusal(
    `audit key ${file} is missing, but the log has ${events} events signed with it: put the file back from your copy. ` +
      'If it is lost for good, move the whole data folder away, keep it as evidence, and start with an empty one',
  )
}

function newKeyLine(): string {
  const key = randomBytes(keyBytes)
  return `${idOf(key)} ${key.toString('hex')}`
}

// The id is derived from the key, so that a mangled line is noticed.
function idOf(key: Buffer): string {
  return sha256(Buffer.concat([Buffer.from('hepar audit key id\n'), key])).slice(0, 16)
}

function parseKey(file: string, line: string, number: number): AuditKey {
  const [id, hex, ...rest] = line.split(/\s+/)
  const key = Buffer.from(hex ?? '', 'hex')
  if (rest.length > 0 || key.length !== keyBytes || idOf(key) !== id) {
    throw refusal(`audit key ${file}:${number} is damaged: put the file back from your copy`)
  }
  return { id, secret: createSecretKey(key) }
}

const putBack = 'put it back from your copy'

function whyUnreadable(file: string, error: unknown): string {
  const code = reasonOf(error)
  if (code === 'ENOENT') return `audit key ${file} is missing: ${putBack}`
  const next = code === 'EACCES' ? ': it must belong to the user that runs Hepar' : ''
  return `audit key ${file} cannot be read (${code})${next}`
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? messageOf(error)
}

function refusal(message: string, cause?: unknown): HeparError {
  return new HeparError('config', message, { cause })
}
