import * as z from 'zod'
import type { CleanRoot, Config } from '../domain/config.ts'
import { bytesField, countField, durationField, nameField, optional, section } from '../files/fields.ts'
import { type References, referenceField } from './references.ts'

const [second, minute, day] = [1_000, 60_000, 86_400_000] as const
const [kilobyte, gigabyte, terabyte] = [1024, 1024 ** 3, 1024 ** 4] as const

const defaults = { filesMax: 100_000, bytesMax: 100 * gigabyte, timeMs: 30 * second } as const

/** Folders of this machine that may be cleaned, by the name that targets have for it. */
export function pathsField(references: References) {
  return z.record(nameField, z.array(rootField(references)).max(100, 'must not name more than 100 folders'))
}

function rootField(references: References) {
  return section({
    root: folderField(references),
    olderThan: durationField(second, 3650 * day),
    owner: optional(ownerField()),
    filesMax: optional(countField(1, 1_000_000)),
    bytesMax: optional(bytesField(kilobyte, 1024 * terabyte)),
    time: optional(durationField(second, 10 * minute)),
  })
}

type Written = z.output<ReturnType<typeof pathsField>>

export function buildPaths(written: Written | undefined): Config['paths'] {
  return Object.entries(written ?? {}).flatMap(([host, roots]) =>
    roots.map(({ root, olderThan, owner, filesMax, bytesMax, time }): CleanRoot => {
      const bounds = { filesMax: filesMax ?? defaults.filesMax, bytesMax: bytesMax ?? defaults.bytesMax }
      return { host, root, olderThanMs: olderThan, owner: owner ?? null, ...bounds, timeMs: time ?? defaults.timeMs }
    }),
  )
}

/** An absolute path in the one spelling that the kernel gives back, so that it can be compared. */
function folderField(references: References) {
  return referenceField(references).transform((path, context) => {
    const problem = path === '' ? null : rootProblem(path)
    if (problem !== null) context.addIssue(problem)
    return path
  })
}

function rootProblem(path: string): string | null {
  if (!path.startsWith('/')) return 'must be an absolute path such as /var/tmp/app'
  if (path === '/' || isOfTheSystem(path)) return `is a folder of the system: name the one that may be emptied`
  const parts = path.slice(1).split('/')
  if (parts.some((part) => ['', '.', '..'].includes(part)))
    return 'must be written without //, ., .. and a / at its end'
  if (/\p{Cc}/u.test(path)) return 'must not contain control characters'
  return path.length > 400 ? 'must not be longer than 400 characters' : null
}

const systemFolders =
  'bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys usr var'.split(' ')

/** True for what no bound on age makes safe to empty, and for what holds no files at all. */
function isOfTheSystem(path: string): boolean {
  const [first = '', ...rest] = path.slice(1).split('/').filter(Boolean)
  if (rest.length === 0) return systemFolders.includes(first)
  if (first === 'dev') return rest[0] !== 'shm'
  return ['boot', 'etc', 'proc', 'sys'].includes(first)
}

function ownerField() {
  const words = 'must be the name or number of a user'
  const number = z
    .int({ error: words })
    .min(0, words)
    .max(2 ** 32 - 2, words)
    .transform(String)
  const name = z.string({ error: words }).regex(/^(?:[a-z_][a-z0-9_.-]{0,31}\$?|\d{1,10})$/i, words)
  return z.union([name, number], { error: words })
}
