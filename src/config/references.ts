import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { type Secret, secret } from '../domain/secret.ts'
import { lookAt, whyUnreadable } from '../files/unreadable.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Resolution = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }

/** What texts in the configuration may refer to: environment variables, files, and paths beside the file. */
export interface References {
  /** Replaces every `${NAME}`. Reasons name the variable, never a value. */
  text(raw: string): Resolution
  /** Like `text`, and `file:/path` stands for the content of a file. */
  secret(raw: string): Resolution
  /** Absolute form of a path that is relative to the configuration file, or of `hepar:plugins`. */
  path(raw: string): string
  /** Whether a secret stands in the file itself. */
  holdsSecrets(): boolean
}

const secretBytesMax = 64 * 1024

/** Stands for the folder of the actions that come with Hepar, which lies elsewhere in a package than in its sources. */
export const shippedPlugins = 'hepar:plugins'
const shippedPluginsFolder = fileURLToPath(new URL('../../plugins', import.meta.url))

export function createReferences({ folder, env }: { folder: string; env: Environment }): References {
  const text = (raw: string) => replaceVariables(raw, env)
  let holds = false
  const path = (raw: string) => (raw === shippedPlugins ? shippedPluginsFolder : resolve(folder, raw))
  return {
    text,
    path,
    holdsSecrets: () => holds,
    secret: (raw) => {
      const replaced = text(raw)
      // Where every secret is somewhere else, whoever reads the file has nothing.
      if (!/\$\{|^file:|^sha256:/.test(raw)) holds = true
      if (!replaced.ok || !raw.startsWith('file:')) return replaced
      return readSecretFile(path(replaced.text.slice('file:'.length)))
    },
  }
}

function replaceVariables(raw: string, env: Environment): Resolution {
  let reason: string | null = null
  const text = raw.replace(/\$\{([^}]*)\}?/g, (whole, name: string) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text shows what to write
    if (!whole.endsWith('}') || !/^[A-Za-z_]\w*$/.test(name)) reason ??= 'malformed reference: write ${NAME}'
    else if (!value) reason ??= `the environment variable ${name} is not set`
    return value ?? ''
  })
  return reason === null ? { ok: true, text } : { ok: false, reason }
}

function readSecretFile(path: string): Resolution {
  try {
    if (statSync(path).size > secretBytesMax) return { ok: false, reason: `the file ${path} is too large for a secret` }
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    return text === '' ? { ok: false, reason: `the file ${path} is empty` } : { ok: true, text }
  } catch (error) {
    return { ok: false, reason: `the file ${path} ${whyUnreadable(error)}` }
  }
}

/** Text in which `${NAME}` is replaced. */
export function referenceField(references: References) {
  return z.string().transform((raw, context) => unwrap(references.text(raw), context) ?? '')
}

/** A secret: written out, as `${NAME}`, or as `file:/path`. */
export function secretField(references: References) {
  return z.string().transform((raw, context): Secret => {
    const text = unwrap(references.secret(raw), context)
    if (text === '') context.addIssue('must not be empty')
    else if (text !== null && !/^[\x20-\x7e]+$/.test(text)) context.addIssue('must be printable ASCII on one line')
    return secret(text ?? '')
  })
}

function unwrap(resolution: Resolution, context: z.RefinementCtx): string | null {
  if (resolution.ok) return resolution.text
  context.addIssue(resolution.reason)
  return null
}

/** The path of a file that must exist, made absolute. */
export function fileField(references: References, kind: 'file' | 'folder' = 'file') {
  return referenceField(references).transform((raw, context) => {
    if (raw === '') return ''
    const path = references.path(raw)
    const found = lookAt(path)
    if (typeof found === 'string') {
      context.addIssue(`the ${kind} ${path} ${found}`)
      return path
    }
    const fits = kind === 'file' ? found?.isFile() : found?.isDirectory()
    if (!fits) context.addIssue(`there is no ${kind} ${path}`)
    return path
  })
}

/** A path that need not exist now: a restart may be what brings it back. */
export function pathField(references: References) {
  return referenceField(references).transform((raw) => (raw === '' ? '' : references.path(raw)))
}
