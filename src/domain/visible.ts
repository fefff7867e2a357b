/** What steers a terminal or a reader, or cannot be seen: controls, directions, zero widths, fillers and tags. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

/** Writes characters that steer a terminal or cannot be seen as escapes, so that text from an alert is what it looks like. */
export function visible(text: string): string {
  return text.toWellFormed().replace(unseen, (character) => {
    const code = (character.codePointAt(0) as number).toString(16)
    return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
  })
}

/** The same for a JSON document: it reads as before, since every such character can be written as an escape in it. */
export function visibleJson(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
