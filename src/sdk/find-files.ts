import type { Threshold } from './file-selection.ts'
import { printable } from './printable.ts'
import { type ProgramEnd, runProgram } from './run-program.ts'

/** Which files may go. Times are epoch milliseconds. */
export interface FileRule {
  /** Last written at this time or before. */
  readonly writtenBefore: number
  /** Neither made, moved, renamed nor changed in any way after this time. */
  readonly untouchedSince: number
  readonly uid: number | null
  /** Larger files stay. */
  readonly bytesMax: number
}

export interface FoundFile {
  readonly mayGo: boolean
  readonly ms: number
  readonly inode: number
  /** What it takes on the disk. */
  readonly bytes: number
  /** Below the folder. Decoded only when it is asked for. */
  name(): string
  /** The folder of the first level that it lies in, or `null`. */
  folder(): string | null
}

const blockBytes = 512
const stderrCharsMax = 300

// Everything that is walked is opened relative to its parent, and no link is followed: a path that is exchanged meanwhile
// leads nowhere else.
const walk = ['-P', '.', '-xdev', '-mindepth', '1', '-type', 'f']

function criteria({ writtenBefore, untouchedSince, uid, bytesMax }: FileRule): string[] {
  const owner = uid === null ? [] : ['-uid', String(uid)]
  return [...owner, ...notAfter('m', writtenBefore), ...notAfter('c', untouchedSince), '-size', `-${bytesMax + 1}c`]
}

function notAfter(which: 'm' | 'c', ms: number): string[] {
  return ['!', `-newer${which}t`, `@${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, '0')}`]
}

/** Why find cannot be used, or `null`. Only GNU find has what this needs. */
export async function whyNoFind(signal: AbortSignal): Promise<string | null> {
  const advice = 'install GNU findutils on the machine of Hepar'
  try {
    const { code, tail } = await runProgram({ file: 'find', args: ['--version'], signal, timeoutMs: 5_000 })
    return code === 0 && tail.includes('GNU findutils') ? null : `find is not GNU find: ${advice}`
  } catch (error) {
    signal.throwIfAborted()
    return `there is no find (${(error as Error).message}): ${advice}`
  }
}

/** Lists every regular file below the folder. `see` may end it by `false`. */
export function listFiles(
  folder: string,
  rule: FileRule,
  see: (file: FoundFile) => boolean,
  bounds: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ProgramEnd> {
  const print = (kind: string) => ['-printf', `${kind} %T@ %i %b %P\\0`]
  const args = [...walk, '(', ...criteria(rule), ...print('y'), '-o', ...print('n'), ')']
  let rest = Buffer.alloc(0)
  let enough = false
  return runProgram({
    file: 'find',
    args,
    cwd: folder,
    ...bounds,
    onOutput(chunk) {
      // What was on its way when it was told to end still comes.
      if (enough) return false
      let text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = text.indexOf(0); end !== -1; end = text.indexOf(0)) {
        enough = !see(readFile(text.subarray(0, end)))
        if (enough) return false
        text = text.subarray(end + 1)
      }
      rest = Buffer.from(text)
      return true
    },
  })
}

/** One line of the list: whether it may go, seconds, inode, blocks and name. */
function readFile(line: Buffer): FoundFile {
  const nameAt = [0, 0, 0].reduce((at) => line.indexOf(32, at) + 1, line.indexOf(32) + 1)
  const [kind, time = '', inode, blocks] = line.toString('latin1', 0, nameAt).split(' ')
  const [seconds, fraction = ''] = time.split('.')
  const ms = Number(seconds) * 1_000 + Math.ceil(Number(fraction.slice(0, 9).padEnd(9, '0')) / 1e6)
  const name = () => line.toString('utf8', nameAt)
  const folder = () => {
    const end = line.indexOf(47, nameAt)
    return end === -1 ? null : line.toString('utf8', nameAt, end)
  }
  return { mayGo: kind === 'y', ms, inode: Number(inode), bytes: Number(blocks) * blockBytes, name, folder }
}

// Lines of one length fill the pipe soon, so that what finds it full stops removing.
const removedLine = 64

/**
 * Removes what the rule says, up to the threshold. `see` gets each removed file's last link count and size on the disk, and
 * may end it by `false`, a few thousand files later at most.
 */
export function removeFiles(
  folder: string,
  rule: FileRule,
  upTo: Threshold | null,
  see: (removed: { readonly links: number; readonly bytes: number }) => boolean,
  bounds: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ProgramEnd> {
  const args = [...walk, ...criteria(rule), ...before(upTo), '-delete', '-printf', '%10n%53b\\n']
  let rest = Buffer.alloc(0)
  return runProgram({
    file: 'find',
    args,
    cwd: folder,
    ...bounds,
    onOutput(chunk) {
      const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const whole = text.length - (text.length % removedLine)
      let goOn = true
      for (let at = 0; at < whole; at += removedLine) {
        const links = Number(text.toString('latin1', at, at + 10))
        const bytes = Number(text.toString('latin1', at + 10, at + removedLine)) * blockBytes
        goOn = see({ links, bytes }) && goOn
      }
      rest = Buffer.from(text.subarray(whole))
      return goOn
    },
  })
}

function before(upTo: Threshold | null): string[] {
  if (upTo === null) return []
  return [...notAfter('m', upTo.ms), '(', ...notAfter('m', upTo.ms - 1), '-o', '-inum', `-${upTo.inode}`, ')']
}

/** What find complained of, in one line; `null` when it did not. */
export function complaintsOf({ code, stopped, tail }: ProgramEnd): string | null {
  if (code === 0 || stopped !== null) return null
  return printable(tail, stderrCharsMax) || `find ended with code ${code}`
}
