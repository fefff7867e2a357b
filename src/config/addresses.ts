import { isIP } from 'node:net'

export type Address = { readonly host: string; readonly port: number }

/** Reads `host:port`, `127.0.0.1:4372` or `[::1]:4372`; `null` when it is none. Port 0 stands for any free port. */
export function parseAddress(text: string): Address | null {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text)
  if (!found) return null
  const [, v6, name] = found
  const port = Number(found[3])
  if (port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) return null
  return { host: v6 ?? (name as string), port }
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

export type StoreReading =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly reason: string }

/** Reads `sqlite:./data/hepar.db`. */
export function parseStore(text: string): StoreReading {
  if (/^postgres(ql)?:/.test(text)) return { ok: false, reason: 'a PostgreSQL store is not supported by this version' }
  const path = text.startsWith('sqlite:') ? text.slice('sqlite:'.length) : ''
  if (path === '' || path.startsWith(':') || path.endsWith('/')) {
    return { ok: false, reason: 'must name a file, such as sqlite:./data/hepar.db' }
  }
  return { ok: true, path: path.replace(/^\/\/(?=\/)/, '') }
}

/** Why a text is no address of an HTTP peer, or `null`. Never quotes the text: it may carry credentials. */
export function urlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'must be a URL such as http://127.0.0.1:9093'
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must not contain credentials: use basic or bearer'
  if (url.hash !== '') return 'must not contain a fragment (#)'
  return null
}
