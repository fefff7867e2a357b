import { stripVTControlCharacters } from 'node:util'

/** Foreign text made safe to show: no terminal sequences, control or direction characters, at most `charsMax` long. */
export function printable(text: string, charsMax: number): string {
  // A terminal sequence may be long, but what is cut here is far beyond what is shown.
  const head = text.slice(0, charsMax * 8)
  const plain = stripVTControlCharacters(head.replace(/[\t\r\n]+/g, ' '))
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
  return plain.length <= charsMax ? plain : `${plain.slice(0, charsMax - 1).toWellFormed()}…`
}
