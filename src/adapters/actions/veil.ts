import type { Reply } from './dialogue.ts'

/** Shorter ones would blank out ordinary words of a plan. */
const secretCharactersMin = 8

/** What a plugin answered, without the secrets that it was told; also where its words were cut in the middle of one. `secrets` has longer ones first. */
export function veiled(reply: Reply, secrets: readonly string[]): Reply {
  const hide = veil(secrets)
  if (reply.kind === 'lost') return { ...reply, reason: hide(reply.reason) }
  const { answer } = reply
  if ('reason' in answer)
    return { ...reply, answer: { ...answer, reason: withoutBeginning(hide(answer.reason), secrets) } }
  if (answer.kind === 'value') return { ...reply, answer: { ...answer, value: hide(answer.value) } }
  return answer.kind === 'invalid_params' ? { ...reply, answer: { ...answer, issues: hide(answer.issues) } } : reply
}

/** The secrets but for those that the question itself says, such as a word that is part of the target's name: nobody learns them from the answer. */
export function unsaid(secrets: readonly string[], ...question: readonly unknown[]): readonly string[] {
  const words = JSON.stringify(question)
  return secrets.filter((secret) => !words.includes(inJson(secret)))
}

/** Replaces every secret in the texts and names of a JSON value: what a plugin says is shown and kept, and one that fails may say all that it was told. */
function veil(secrets: readonly string[]): <Value>(value: Value) => Value {
  const long = secrets.filter((secret) => secret.length >= secretCharactersMin)
  // A text may be JSON itself, with JSON in it.
  const forms = new Set(long.flatMap((secret) => [inJson(inJson(secret)), inJson(secret), secret]))
  const hide = (text: string) => {
    let hidden = text
    for (const form of forms) hidden = hidden.replaceAll(form, redacted)
    // Where words were cut in the middle of a secret, its beginning is left.
    const parts = hidden.split(ellipsis)
    return parts.map((part, at) => (at === parts.length - 1 ? part : withoutBeginning(part, long))).join(ellipsis)
  }
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return hide(value)
    if (Array.isArray(value)) return value.map(walk)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [hide(name), walk(member)]))
  }
  return <Value>(value: Value) => walk(value) as Value
}

const redacted = '[redacted]'
const ellipsis = '…'

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function withoutBeginning(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= beginningCharactersMin; length--) {
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}${redacted}`
    }
  }
  return text
}

const beginningCharactersMin = 5
