import type { ServerResponse } from 'node:http'
import { pagePolicy } from './page.ts'

const headers: readonly (readonly [string, string])[] = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
]

/** Under `no-referrer` browsers would send a form with `Origin: null`. */
const pageHeaders: typeof headers = [
  ['Content-Security-Policy', pagePolicy],
  ['Referrer-Policy', 'same-origin'],
]

/** Headers of every answer: nothing is cached, sniffed, framed or shared with other origins. */
export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of headers) response.setHeader(name, value)
}

/** In place of those of other answers, for a page: it may show its style and send its forms. */
export function setPageHeaders(response: ServerResponse): void {
  for (const [name, value] of pageHeaders) response.setHeader(name, value)
}
