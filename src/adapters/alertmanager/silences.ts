import { RE2JS } from 're2js'
import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'
import type { Peer } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import { type Marked, markedAttempt } from './mark.ts'

/** An active silence: the ids it has and which label sets it covers. */
export interface SilenceView {
  readonly id: string
  covers(labels: Labels): boolean
}

export type SilencesReply =
  | {
      readonly ok: true
      readonly silences: readonly SilenceView[]
      /** The attempts for which a Hepar set silences, by their ids, also of those that have expired. */
      readonly marks: ReadonlyMap<string, string>
    }
  | { readonly ok: false; readonly reason: string }

const matcherShape = z.object({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
})
type Matcher = z.output<typeof matcherShape>
const silenceShape = z.object({
  id: z.string(),
  createdBy: z.string(),
  comment: z.string(),
  matchers: z.array(matcherShape),
  status: z.object({ state: z.string() }),
})

/**
 * The silences in force. An Alertmanager that was restarted keeps them but has forgotten its alerts for a while, so the
 * alerts it lists do not tell what is silenced.
 */
export async function fetchSilences(peer: Peer, bounds: Bounds & { readonly clock: Clock }): Promise<SilencesReply> {
  const reply = await getJson(peer, '/api/v2/silences', z.array(silenceShape), bounds)
  if (!reply.ok) return reply
  const active = reply.value.filter(({ status }) => status.state === 'active')
  return {
    ok: true,
    silences: active.map(({ id, matchers }) => ({ id, covers: coverage(matchers) })),
    marks: marksOf(reply.value),
  }
}

function marksOf(silences: readonly (Marked & { readonly id: string })[]): ReadonlyMap<string, string> {
  return new Map(
    silences.flatMap((silence) => {
      const attempt = markedAttempt(silence)
      return attempt === null ? [] : [[silence.id, attempt] as const]
    }),
  )
}

function coverage(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(matcherTest)
  return (labels) => tests.length > 0 && tests.every((test) => test(labels))
}

function matcherTest({ name, value, isRegex, isEqual }: Matcher): (labels: Labels) => boolean {
  if (!isRegex) return (labels) => ((labels[name] ?? '') === value) === isEqual
  try {
    const pattern = RE2JS.compile(value)
    return (labels) => pattern.matches(labels[name] ?? '') === isEqual
  } catch {
    // Alertmanager accepted it, so what we cannot read may well hold: rather silent than wrong.
    return () => true
  }
}
