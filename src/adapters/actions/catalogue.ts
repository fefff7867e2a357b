import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { ActionInfo, BrokenAction } from '../../domain/action.ts'
import { sha256 } from '../../engine/digest.ts'
import { messageOf } from '../../engine/errors.ts'
import { whyUntrusted } from '../../files/ownership.ts'
import type { Reply } from './dialogue.ts'
import { description, type PluginFile } from './messages.ts'
import type { Readers } from './readers.ts'
import { runnerLimits } from './runner-limits.ts'

/** Every plugin of the folders, usable or not. */
export interface Catalogue {
  readonly actions: readonly ActionInfo[]
  readonly broken: readonly BrokenAction[]
}

const extensions = ['.ts', '.js', '.mjs']
const ignored = /^[_.]|\.d\.ts$|\.(?:test|spec)\.(?:ts|js|mjs)$/
const nameShape = /^[a-z][a-z0-9-]{0,63}$/
const describersMax = 2

interface DescribeOptions {
  /** By the name of a plugin, the SHA-256 that its file must have. */
  readonly pins?: Readonly<Record<string, string>>
  readonly describeMs?: number | undefined
}

/** The SHA-256 of every plugin file, by name; none of them is run. */
export async function digestPlugins(folders: readonly string[]) {
  const listings = await Promise.all((await distinct(folders)).map(listPlugins))
  const files = listings.flatMap((listing) => listing.files)
  const pins = files.map(async (file) => ({ name: nameOf(file), file, digest: sha256(await readFile(file)) }))
  return (await Promise.all(pins)).sort(byName)
}

type Description = { readonly ok: true; readonly action: ActionInfo } | ({ readonly ok: false } & BrokenAction)

/**
 * Describes every plugin, each that is not Hepar's own in a process of its own, so that a broken one cannot touch Hepar or another plugin.
 * Never rejects: what cannot be used is in `broken`, sorted by file.
 */
export async function describeFolders(
  readers: Pick<Readers, 'renew' | 'introduce' | 'dismiss'>,
  folders: readonly string[],
  { pins = {}, describeMs = runnerLimits.describeMs }: DescribeOptions = {},
): Promise<Catalogue> {
  readers.renew()
  const listings = await Promise.all((await distinct(folders)).map(listPlugins))
  const files = [...new Set(listings.flatMap(({ files }) => files))]
  const twice = namesOfTwo(files)
  const results: Description[] = []
  const queue = files.values()
  async function work(): Promise<void> {
    for (const file of queue) results.push(await describeFile(readers, file, twice, { pins, describeMs }))
  }
  await Promise.all(Array.from({ length: describersMax }, work))
  return {
    actions: results.flatMap((result) => (result.ok ? [result.action] : [])).sort(byName),
    broken: [
      ...listings.flatMap(({ broken }) => broken),
      ...results.flatMap((result) =>
        result.ok ? [] : [{ name: result.name, file: result.file, reason: result.reason }],
      ),
    ].sort((a, b) => compare(a.file, b.file)),
  }
}

/** Without those that are the same folder by another path; the others as they are named. */
async function distinct(folders: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)))
  return folders.filter((_, index) => real.indexOf(real[index] as string) === index)
}

async function listPlugins(folder: string): Promise<{ files: string[]; broken: BrokenAction[] }> {
  try {
    const why = whyUntrusted(folder)
    if (why !== null)
      return { files: [], broken: [{ name: basename(folder), file: folder, reason: `the folder ${why}` }] }
    const files: string[] = []
    for (const name of (await readdir(folder)).sort()) {
      if (ignored.test(name) || !extensions.includes(extname(name))) continue
      const file = join(folder, name)
      const entry = await stat(file).catch(() => null)
      // A link that leads nowhere is reported with the file, not lost.
      if (entry === null || entry.isFile()) files.push(file)
    }
    return { files, broken: [] }
  } catch (error) {
    const reason = `the folder cannot be read: ${messageOf(error)}`
    return { files: [], broken: [{ name: basename(folder), file: folder, reason }] }
  }
}

async function describeFile(
  readers: Pick<Readers, 'introduce' | 'dismiss'>,
  file: string,
  twice: ReadonlyMap<string, readonly string[]>,
  { pins, describeMs }: { readonly pins: Readonly<Record<string, string>>; readonly describeMs: number },
): Promise<Description> {
  const name = nameOf(file)
  const broken = (reason: string): Description => ({ ok: false, name, file, reason })
  if (!nameShape.test(name)) return broken(`the file name must match ${nameShape.source} before its extension`)
  const others = (twice.get(name) ?? []).filter((other) => other !== file)
  if (others.length > 0) return broken(`another action has the same name: ${others.join(', ')}`)
  try {
    const why = whyUntrusted(file)
    if (why !== null) return broken(`the file ${why}`)
    const plugin = { file, fileDigest: sha256(await readFile(file)) }
    // Before any of its code runs, for describing it runs some.
    const pin = Object.hasOwn(pins, name) ? pins[name] : undefined
    if (pin !== undefined && pin !== plugin.fileDigest) {
      return broken(
        `its SHA-256 is ${plugin.fileDigest}, and pins.${name} says ${pin}: look at what changed, then \`hepar pin\``,
      )
    }
    const read = readDescription(name, plugin, await readers.introduce(plugin, describeMs))
    if (!read.ok) await readers.dismiss(plugin)
    return read
  } catch (error) {
    return broken(messageOf(error))
  }
}

function readDescription(name: string, plugin: PluginFile, reply: Reply): Description {
  const broken = (reason: string): Description => ({ ok: false, name, file: plugin.file, reason })
  if (reply.kind === 'lost') return broken(reply.reason)
  const { answer } = reply
  if (answer.kind !== 'value') return broken('reason' in answer ? answer.reason : `unexpected answer ${answer.kind}`)
  const read = description.safeParse(answer.value)
  if (read.success && read.data.temporary && !read.data.hasRevert) {
    return broken('it says temporary: true, but has no revert that could take its effect back')
  }
  if (read.success) return { ok: true, action: { name, ...plugin, ...read.data } }
  return broken(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}

function namesOfTwo(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byFileName = new Map<string, string[]>()
  for (const file of files) byFileName.set(nameOf(file), [...(byFileName.get(nameOf(file)) ?? []), file])
  return byFileName
}

function nameOf(file: string): string {
  return basename(file, extname(file))
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compare(a.name, b.name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
