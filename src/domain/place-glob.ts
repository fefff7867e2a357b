/**
 * Matches a glob over `<place>/<name>`: `*` stands for any run of characters except `/`, `?` for one of them.
 * A glob without a slash speaks of the name alone, wherever it is.
 */
export function matchesPlace(glob: string, place: string, name: string): boolean {
  return glob.includes('/') ? matches(glob, `${place}/${name}`) : matches(glob, name)
}

// Going back only to the latest star keeps the time below glob × text, which a regular expression would not.
function matches(glob: string, text: string): boolean {
  let at = 0
  let inGlob = 0
  let star = -1
  let resumeAt = 0
  while (at < text.length) {
    const wanted = glob[inGlob]
    if (wanted === '*') {
      star = inGlob++
      resumeAt = at
    } else if (wanted === text[at] || (wanted === '?' && text[at] !== '/')) {
      at += 1
      inGlob += 1
    } else if (star >= 0 && text[resumeAt] !== '/') {
      at = ++resumeAt
      inGlob = star + 1
    } else {
      return false
    }
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}
