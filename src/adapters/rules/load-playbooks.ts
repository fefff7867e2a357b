import { basename, extname } from 'node:path'
import type { Playbook } from '../../domain/playbook.ts'
import type { Problem } from '../../domain/policy.ts'
import { fromTopToBottom, readSourceFile, reporter } from '../../files/source-file.ts'
import { compilePlaybook } from './compile-playbook.ts'
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
  const playbooks: Playbook[] = []
  const seen = new Map<string, string>()
  const read: { readonly found: Problem[]; readonly placed: Placed | null }[] = []
  const files = findPlaybookFiles(folders, problems)
  if (files.length === 0 && problems.length === 0) {
    const message = 'there is no playbook in it, so every alert stays unmatched'
    problems.push({ severity: 'warning', file: folders.join(', '), line: 0, column: 0, message })
  }
  for (const file of files) {
    const name = basename(file, extname(file))
    checkName(name, file, seen, problems)
    const reading = readSourceFile(file, fileBytesMax)
    const source = reading.ok ? reading.source : reading.readable
    const found: Problem[] = reading.ok ? [] : [...reading.problems]
    const playbook = source && (await compilePlaybook(source, name, context, reporter(source, found)))
    read.push({ found, placed: source && playbook && { playbook, report: reporter(source, found) } })
    if (reading.ok && playbook) playbooks.push(playbook)
  }
  checkCircles(read.flatMap(({ placed }) => placed ?? []))
  for (const { found } of read) problems.push(...fromTopToBottom(found))
  return { playbooks, problems }
}

function checkName(name: string, file: string, seen: Map<string, string>, problems: Problem[]): void {
  const add = (message: string) => problems.push({ severity: 'error', file, line: 0, column: 0, message })
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    add('a playbook is named by its file: 1 to 100 letters, digits, ".", "_" or "-"')
  }
  const other = seen.get(name)
  if (other !== undefined) add(`there are two playbooks named "${name}": the other is ${other}`)
  seen.set(name, file)
}
