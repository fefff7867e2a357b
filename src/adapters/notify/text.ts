import { visible } from '../../domain/visible.ts'

const asItIs = (character: string) => character

/**
 * Text from anywhere as one line that is what it looks like, escaped character by character for where it goes, and at most
 * `charactersMax` long in that form, as UTF-16 counts; nothing is cut in two.
 */
export function line(text: string, charactersMax: number, escaped: (character: string) => string = asItIs): string {
  let kept = ''
  let whole = ''
  // No escape shortens a text, so what lies beyond need not be walked.
  for (const character of visible(text.slice(0, charactersMax + 1))) {
    whole += escaped(character)
    if (whole.length > charactersMax) return `${kept}…`
    if (whole.length < charactersMax) kept = whole
  }
  return whole
}

const slackEntities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Slack's three control characters, of which links and mentions are made. */
export function slackEscape(character: string): string {
  return slackEntities[character] ?? character
}
