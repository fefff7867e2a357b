import { type PolicyDecision, type PolicyRef, policyDecisions } from '../../domain/approval.ts'
import type { Config, Peer } from '../../domain/config.ts'
import { permit } from '../../domain/http-allow.ts'
import type { AskPolicy } from '../../engine/approve/approval-ports.ts'
import { createHttpClient, type Resolve } from '../../sdk/http-client.ts'
import { allowedDoor } from '../../sdk/http-doors.ts'
import { scrub } from '../http-client/describe.ts'
import { send, tlsOf } from '../http-client/send.ts'

type Settings = Pick<Config, 'policies' | 'http'>
type Said = Awaited<ReturnType<AskPolicy>>

const answerBytesMax = 64 * 1024
const reasonCharactersMax = 500

/**
 * Posts a plan to a document of the Open Policy Agent, as `{ "input": … }`, and reads its `result`. What is not a clear answer is
 * a denial: no answer in time, another status than 200, an undefined document, a word that nobody knows.
 */
export function createAskPolicy(
  settings: () => Settings,
  { timeoutMs = 5_000, resolve }: { readonly timeoutMs?: number; readonly resolve?: Resolve } = {},
): AskPolicy {
  const client = createHttpClient({ ...(resolve && { resolve }) })
  const bounds = { timeoutMs, bytesMax: answerBytesMax }
  const headers = { 'content-type': 'application/json', accept: 'application/json' }

  async function post(policy: PolicyRef, body: string): ReturnType<typeof send> {
    const { policies, http } = settings()
    if (policy.kind === 'named') {
      const peer: Peer | undefined = policies.find(({ name }) => name === policy.name)?.peer
      if (peer === undefined) return { ok: false, reason: `no policy "${policy.name}" in the configuration` }
      return send(peer, { method: 'POST', path: '', headers, body, ...bounds })
    }
    const permitted = permit(policy.url, http.allow)
    if (!permitted.ok) return permitted
    const tls = permitted.url.protocol === 'https:' ? { tls: await tlsOf(permitted.rule) } : {}
    return client.send({
      url: permitted.url,
      door: allowedDoor(http.allow),
      method: 'POST',
      headers,
      body,
      ...tls,
      ...bounds,
    })
  }

  return async (policy, input) => {
    try {
      const reply = await post(policy, JSON.stringify({ input }))
      if (!reply.ok) return denied(`it gave no answer: ${reply.reason}`)
      if (reply.status !== 200) return denied(`it answered HTTP ${reply.status}`)
      const said = readAnswer(reply.body)
      const peer =
        policy.kind === 'named' ? settings().policies.find(({ name }) => name === policy.name)?.peer : undefined
      return peer === undefined ? said : { ...said, reason: scrub(peer, said.reason) }
    } catch (error) {
      return denied(`it could not be asked: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** What an answer of the data API says. Pure. */
export function readAnswer(body: string): Said {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return denied('its answer is not JSON')
  }
  if (!isMap(answer)) return denied('its answer is no object')
  if (!Object.hasOwn(answer, 'result')) return denied('the document is undefined: its answer has no result')
  return readResult(answer.result)
}

function readResult(result: unknown): Said {
  if (typeof result === 'boolean') return { decision: result ? 'allow' : 'deny', reason: `it says ${result}` }
  const word = wordOf(result)
  if (word !== null) return { decision: word, reason: `it says ${word}` }
  if (!isMap(result)) return denied('its result is neither allow, deny nor ask')
  const decision = wordOf(result.decision)
  if (decision === null) return denied('its result has no decision of allow, deny or ask')
  if (result.reason !== undefined && typeof result.reason !== 'string') return denied('its reason is no text')
  return { decision, reason: result.reason ? result.reason.slice(0, reasonCharactersMax) : `it says ${decision}` }
}

function wordOf(value: unknown): PolicyDecision | null {
  return policyDecisions.find((known) => known === value) ?? null
}

function denied(reason: string): Said {
  return { decision: 'deny', reason }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
