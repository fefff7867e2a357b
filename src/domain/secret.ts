import { inspect } from 'node:util'

/** A value that never prints itself: not in JSON, not in a string, not in a log. */
export interface Secret {
  reveal(): string
  toString(): string
  toJSON(): string
}

const redacted = '[redacted]'

export function secret(value: string): Secret {
  return {
    reveal: () => value,
    toString: () => redacted,
    toJSON: () => redacted,
    [inspect.custom]: () => redacted,
  } as Secret
}
