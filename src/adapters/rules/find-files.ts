import { type Dirent, readdirSync, realpathSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Problem } from '../../domain/policy.ts'
import { whyUntrusted } from '../../files/ownership.ts'
import { lookAt, whyUnreadable } from '../../files/unreadable.ts'

const extensions = ['.yaml', '.yml', '.json']
const depthMax = 8
export const playbooksMax = 20_000

/**
 * Every playbook file under the folders, in a stable order. Hidden entries are passed over, and links are followed, so that
 * the folder may be a mounted ConfigMap.
 */
export function findPlaybookFiles(folders: readonly string[], problems: Problem[]): readonly string[] {
  const files: string[] = []
  for (const folder of folders) walk(folder, 0, { files, problems, seen: new Set() })
  return files.slice(0, playbooksMax)
}

interface Walk {
  readonly files: string[]
  readonly problems: Problem[]
  readonly seen: Set<string>
}

function walk(folder: string, depth: number, { files, problems, seen }: Walk): void {
  const add = (severity: Problem['severity'], message: string) => {
    problems.push({ severity, file: folder, line: 0, column: 0, message })
  }
  const take = (file: string) => {
    const why = whyUntrusted(file)
    if (why === null) files.push(file)
    else problems.push({ severity: 'error', file, line: 0, column: 0, message: `this playbook ${why}` })
  }
  let entries: Dirent[]
  try {
    const real = realpathSync(folder)
    if (seen.has(real)) return
    seen.add(real)
    const why = whyUntrusted(real)
    if (why !== null) {
      add('error', `this folder ${why}`)
      return
    }
    entries = readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      add('warning', 'this folder does not exist, so no playbooks come from it')
    else add('error', `this folder ${whyUnreadable(error)}`)
    return
  }
  for (const { name } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    const found = lookAt(path)
    if (typeof found === 'string') add('error', `"${name}" ${found}`)
    else if (found?.isDirectory() && depth < depthMax) walk(path, depth + 1, { files, problems, seen })
    else if (found?.isDirectory()) add('error', `folders are nested more than ${depthMax} deep`)
    else if (found && !found.isFile()) continue
    else if (extensions.includes(extname(name))) take(path)
    if (files.length === playbooksMax + 1) add('error', `more than ${playbooksMax} playbooks`)
    if (files.length > playbooksMax) return
  }
}
