import { readFile } from 'node:fs/promises'
import { enableCompileCache, flushCompileCache, registerHooks } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sha256 } from '../../engine/digest.ts'
import { messageOf } from '../../engine/errors.ts'
import { whyUntrusted } from '../../files/ownership.ts'
import type { ActionDefinition } from '../../sdk/index.ts'
import type { PluginFile } from './messages.ts'

/** `changed` when the file is no longer the one that was described. */
export type Loading =
  | { readonly ok: true; readonly definition: ActionDefinition }
  | { readonly ok: false; readonly changed: boolean; readonly reason: string }

const formats: Readonly<Record<string, string>> = { '.ts': 'module-typescript', '.js': 'module', '.mjs': 'module' }
const sdk = new URL(`../../sdk/index${extname(import.meta.url)}`, import.meta.url).href
const publicName = 'hepar/sdk'

interface Pinned {
  readonly fileDigest: string
  readonly source: Buffer
  readonly format: string
}

/** What was hashed, by its URL. */
const pinned = new Map<string, Pinned>()

/** Makes `hepar/sdk` mean this Hepar's SDK wherever a plugin lies, and loads it ahead. `compiled` is where Hepar keeps compiled code. */
export async function prepare(compiled = ''): Promise<void> {
  if (compiled !== '') enableCompileCache(join(compiled, 'runners'))
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === publicName ? { url: sdk, shortCircuit: true } : next(specifier, context),
    // What runs is what was hashed, even if the file is replaced in between.
    load(url, context, next) {
      const known = pinned.get(url)
      if (known) return { format: known.format, source: known.source, shortCircuit: true }
      refuseUntrusted(url)
      return next(url, context)
    },
  })
  await import(sdk)
  // A runner is killed, so nothing of it is kept at its exit.
  flushCompileCache()
}

/** What a plugin imports runs with the same rights as the plugin, so nobody else may be able to change it either. */
function refuseUntrusted(url: string): void {
  if (!url.startsWith('file:')) return
  const file = fileURLToPath(url)
  const why = whyUntrusted(file)
  if (why !== null) throw new Error(`${file} ${why}`)
  const folder = dirname(file)
  const whyFolder = whyUntrusted(folder)
  if (whyFolder !== null) throw new Error(`the folder ${folder} ${whyFolder}`)
}

/**
 * Imports a plugin if it still has the digest that was asked for. Never rejects. A process loads one plugin in its life, or
 * several of Hepar's own, to describe and check.
 */
export async function load({ file, fileDigest }: PluginFile): Promise<Loading> {
  const source = await readFile(file).catch((error: unknown) => messageOf(error))
  if (typeof source === 'string') return { ok: false, changed: true, reason: `cannot read ${file}: ${source}` }
  if (sha256(source) !== fileDigest) {
    return { ok: false, changed: true, reason: `${file} changed since it was described: reload Hepar` }
  }
  const url = pathToFileURL(file).href
  const known = pinned.get(url)
  // A module is imported once in the life of a process.
  if (known !== undefined && known.fileDigest !== fileDigest) {
    return { ok: false, changed: true, reason: `${file} changed since this process imported it: reload Hepar` }
  }
  pinned.set(url, { fileDigest, source, format: formats[extname(file)] ?? 'module' })
  try {
    const module = (await import(url)) as { readonly default?: unknown }
    flushCompileCache()
    return readDefinition(module.default)
  } catch (error) {
    return { ok: false, changed: false, reason: `the plugin cannot be imported: ${messageOf(error)}` }
  }
}

/** Looks at the shape, never at the prototype: the plugin may bring a second copy of every module. */
function readDefinition(value: unknown): Loading {
  const refuse = (reason: string): Loading => ({ ok: false, changed: false, reason })
  if (typeof value !== 'object' || value === null) {
    return refuse('it has no default export: write `export default defineAction({ … })`')
  }
  const definition = value as Readonly<Record<string, unknown>>
  for (const name of ['plan', 'run']) {
    if (typeof definition[name] !== 'function') return refuse(`${name} must be a function`)
  }
  for (const name of ['verify', 'revert']) {
    if (!['function', 'undefined'].includes(typeof definition[name])) return refuse(`${name} must be a function`)
  }
  const params = definition.params as { readonly safeParseAsync?: unknown } | null | undefined
  if (typeof params?.safeParseAsync !== 'function') return refuse('params must be a zod schema: z.strictObject({ … })')
  return { ok: true, definition: value as ActionDefinition }
}
