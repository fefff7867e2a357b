import type { ErrorCode } from 'yaml'

const words: Readonly<Partial<Record<ErrorCode, string>>> = {
  ALIAS_PROPS: 'an alias takes no tag or anchor',
  BAD_ALIAS: 'an alias (*) refers to no anchor: quote a text that begins with *',
  BAD_COLLECTION_TYPE: 'this tag does not fit what it stands before',
  BAD_DIRECTIVE: 'unknown YAML directive',
  BAD_DQ_ESCAPE: 'unknown escape in a double-quoted text: use single quotes, or \\\\ for a backslash',
  BAD_INDENT: 'wrong indentation',
  BAD_PROP_ORDER: 'anchors and tags stand after the indicators ?, : and -',
  BAD_SCALAR_START: 'a text that begins with this character must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a nested map must stand on its own line: quote a text that contains ": "',
  BLOCK_IN_FLOW: 'an indented list or map cannot stand inside [ ] or { }',
  DUPLICATE_KEY: 'duplicate key',
  KEY_OVER_1024_CHARS: 'this key is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing here: look for an unclosed quote or bracket, a comma, or a space after ":"',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line: is there a ":" missing?',
  MULTIPLE_ANCHORS: 'a value takes one anchor at most',
  MULTIPLE_DOCS: 'one file holds one document: remove the "---"',
  MULTIPLE_TAGS: 'a value takes one tag at most',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'tabs cannot indent: use spaces',
  TAG_RESOLVE_FAILED: 'unknown tag (!): quote a text that begins with !',
  UNEXPECTED_TOKEN: 'unexpected text: quote a value that begins with {{',
}

/** Our own words for a syntax error, because the parser's would quote the file, and with it perhaps a secret. */
export function errorWords(code: ErrorCode): string {
  return words[code] ?? 'not valid YAML'
}
