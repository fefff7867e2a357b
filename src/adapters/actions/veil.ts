import type { Reply } from './dialogue.ts'

/** Shorter ones would blank out ordinary words of a plan. */
const secretCharactersMin = 8

/** What a plugin answered, without the secrets that it was told; also where its words were cut in the middle of one. */
export function veiled(reply: Reply, secrets: readonly string[]): Reply {
  const clean = veil(reply, secrets)
  if (clean.kind !== 'answered' || !('reason' in clean.answer)) return clean
  const reason = withoutBeginning(clean.answer.reason, secrets)
  return { ...clean, answer: { ...clean.answer, reason } }
}

function withoutBeginning(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= beginningCharactersMin; length--) {
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}[redacted]`
    }
  }
  return text
}

const beginningCharactersMin = 5

/**
 * The same value, in whose texts every secret is replaced: what a plugin answers is shown and kept, and a plugin that fails
 * may say all that it was told. `value` is JSON.
 */
export function veil<Value>(value: Value, secrets: readonly string[]): Value {
  const text = JSON.stringify(value)
  let veiled = text
  for (const secret of secrets) {
    if (secret.length < secretCharactersMin) continue
    const once = JSON.stringify(secret).slice(1, -1)
    // A text within the JSON may be JSON itself.
    const twice = JSON.stringify(once).slice(1, -1)
    for (const form of new Set([twice, once])) veiled = veiled.replaceAll(form, '[redacted]')
  }
  return veiled === text ? value : (JSON.parse(veiled) as Value)
}
