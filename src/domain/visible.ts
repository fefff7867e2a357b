/** What steers a terminal or a reader, or cannot be seen: controls, directions, zero widths, fillers and tags. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

/** Writes characters that steer a terminal or cannot be seen as escapes, so that text from an alert is what it looks like. */
export function visible(text: string): string {
  return text.toWellFormed().replace(unseen, (character) => {
    const code = (character.codePointAt(0) as number).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}
