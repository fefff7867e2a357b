import type { Json, JsonObject } from '../../domain/json.ts'

/** Of one text, and of all that stands under one key of a notice, in UTF-16 characters. */
const textCharactersMax = 4_000
export const partCharactersMax = 32_000

/**
 * A notice that no label, no evidence and no number of alerts makes large: a text that is too long ends with `…`, and of too many parts
 * the first are kept. What nobody can take in, no channel has to take. Pure.
 */
export function boundedBody(body: JsonObject): JsonObject {
  const parts = Object.entries(body)
  return Object.fromEntries(parts.map(([key, part]) => [key, bounded(part, { left: partCharactersMax })]))
}

interface Room {
  left: number
}

function bounded(value: Json, room: Room): Json {
  if (typeof value === 'string') return cut(value, room)
  // Numbers and the like take room, too, or a list of them would have no end.
  room.left -= 1
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return boundedList(value, room)
  const kept: [string, Json][] = []
  for (const [key, part] of Object.entries(value)) {
    if (room.left <= 0) break
    kept.push([cut(key, room), bounded(part, room)])
  }
  return Object.fromEntries(kept)
}

function boundedList(list: readonly Json[], room: Room): Json {
  const kept: Json[] = []
  for (const item of list) {
    if (room.left <= 0) break
    kept.push(bounded(item, room))
  }
  return kept
}

function cut(text: string, room: Room): string {
  const max = Math.max(1, Math.min(textCharactersMax, room.left))
  // Half of a character is none.
  const kept = text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`
  room.left -= kept.length + 1
  return kept
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
