import type { Config } from '../domain/config.ts'

/** Files and folders whose change leads to a reload. */
export function followedFiles({ file, rules, plugins, tls }: Config): readonly string[] {
  const certificates = tls === null ? [] : [tls.cert, tls.key, ...(tls.clientCa === null ? [] : [tls.clientCa])]
  return [file, ...rules, ...plugins, ...certificates]
}
