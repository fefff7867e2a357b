import { basename, extname } from 'node:path'
import type { Playbook } from '../../domain/playbook.ts'
import type { Problem } from '../../domain/policy.ts'
import { fromTopToBottom, readSourceFile, reporter } from '../../files/source-file.ts'
import { compilePlaybook } from './compile-playbook.ts'
import { findConflicts, type WrittenPlaybook } from './conflicts.ts'
import type { PlaybookContext } from './context.ts'
import { checkCircles, type Placed } from './depends-on.ts'
import { findPlaybookFiles } from './find-files.ts'

const fileBytesMax = 256 * 1024

/**
 * Reads every playbook under the folders, subfolders included, and reports every problem. `playbooks` holds those without
 * errors; whoever puts them in force should refuse all of them when there is one error.
 */
export async function loadPlaybooks(
  folders: readonly string[],
  context: PlaybookContext,
): Promise<{ readonly playbooks: readonly Playbook[]; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = []
  const written: WrittenPlaybook[] = []
  const seen = new Map<string, string>()
  const read: { readonly found: Problem[]; readonly placed: Placed | null }[] = []
  const files = findPlaybookFiles(folders, problems)
  if (files.length === 0 && problems.length === 0) {
    const message = 'there is no playbook in it, so every alert stays unmatched'
    problems.push({ severity: 'warning', file: folders.join(', '), line: 0, column: 0, message })
  }
  for (const file of files) {
    const name = basename(file, extname(file))
    const reading = readSourceFile(file, fileBytesMax)
    const source = reading.ok ? reading.source : reading.readable
    const found: Problem[] = reading.ok ? [] : [...reading.problems]
    checkName(name, file, seen, found)
    const playbook = source && (await compilePlaybook(source, name, context, reporter(source, found)))
    read.push({ found, placed: source && playbook && { playbook, report: reporter(source, found) } })
    if (reading.ok && playbook) written.push({ playbook, source: reading.source })
  }
  checkCircles(read.flatMap(({ placed }) => placed ?? []))
  for (const { found } of read) problems.push(...fromTopToBottom(found))
  // Nothing of these is put in force while one has an error, so what they do to each other can wait.
  if (!problems.some(({ severity }) => severity === 'error')) problems.push(...findConflicts(written))
  return { playbooks: written.map(({ playbook }) => playbook), problems }
}

function checkName(name: string, file: string, seen: Map<string, string>, found: Problem[]): void {
  const add = (message: string) => found.push({ severity: 'error', file, line: 0, column: 0, message })
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    add('a playbook is named by its file: 1 to 100 letters, digits, ".", "_" or "-"')
  }
  const other = seen.get(name)
  if (other !== undefined) add(`there are two playbooks named "${name}": the other is ${other}`)
  seen.set(name, file)
}
