/**
 * Matches a glob against the whole text: `*` stands for any run of characters, `?` for one, neither for `separator`.
 * Going back only to the latest star keeps the time below glob × text, which a regular expression would not.
 */
export function matchesGlob(glob: string, text: string, separator: string | null = null): boolean {
  let at = 0
  let inGlob = 0
  let star = -1
  let resumeAt = 0
  while (at < text.length) {
    const wanted = glob[inGlob]
    if (wanted === '*') {
      star = inGlob++
      resumeAt = at
    } else if (wanted === text[at] || (wanted === '?' && text[at] !== separator)) {
      at += 1
      inGlob += 1
    } else if (star >= 0 && text[resumeAt] !== separator) {
      at = ++resumeAt
      inGlob = star + 1
    } else {
      return false
    }
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}
