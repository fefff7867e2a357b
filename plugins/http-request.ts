import { createHttpClient } from '../src/sdk/http-client.ts'
import { allowedDoor, type Door } from '../src/sdk/http-doors.ts'
import {
  answerOf,
  type BuiltRequest,
  buildRequest,
  type RequestSettings,
  requestSettings,
} from '../src/sdk/http-request.ts'
import {
  type ActionTarget,
  defineAction,
  notNow,
  outcomeUnknown,
  type PlanContext,
  refuse,
  z,
} from '../src/sdk/index.ts'
import { whyOwnAddress } from '../src/sdk/own-address.ts'
import { printable } from '../src/sdk/printable.ts'
import { serviceEvidence } from '../src/sdk/service-evidence.ts'

const resolveMs = 5_000
const answerBytesMax = 16 * 1024
const answerCharsMax = 300

const pinShape = z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) })

const client = createHttpClient()

export default defineAction({
  summary: 'Send one HTTP request that the configuration has for a service',
  kind: 'service',
  risk: 'reversible',
  // Only the endpoint can know; where the configuration says that it does, the plan says so.
  idempotent: false,
  params: z.strictObject({
    request: z.string().min(1).max(63),
    values: z.record(z.string().max(63), z.string()).default({}),
  }),

  async plan(target, { request, values }, context) {
    const settings = open(target, context)
    const built = buildRequest(settings, request, values)
    if ('refused' in built) return refuse(`nothing is sent for ${target.text}: ${built.refused}`)
    const { url, shown, digest, rule } = built
    const reached = await client.resolve({
      url,
      door: allowedDoor(settings.allow),
      timeoutMs: resolveMs,
      signal: context.signal,
    })
    const headers = { ...(shown.headers as object), 'idempotency-key': '[of the attempt]' }
    const evidence = { ...shown, headers, digest }
    if (!reached.ok)
      return (reached.final ? refuse : notNow)(`nothing is sent for ${target.text}: ${reached.reason}`, evidence)
    const own = whyOwnAddress(
      url,
      reached.addresses.map(({ address }) => address),
      settings.lifelines,
    )
    if (own !== null) return refuse(`nothing is sent for ${target.text}: ${own}`, evidence)
    return {
      pin: { request, digest },
      summary: `Send ${rule.method} ${printable(String(shown.url), 300)} once`,
      evidence: {
        ...evidence,
        addresses: reached.addresses.map(({ address }) => address),
        ...(await serviceEvidence(settings, context.signal)),
      },
      idempotent: rule.idempotent,
    }
  },

  async run({ target, params, pin }, context) {
    const settings = open(target, context)
    const built = buildRequest(settings, params.request, params.values)
    if ('refused' in built) throw new Error(`nothing was done: ${built.refused}`)
    if (built.digest !== pinShape.parse(pin).digest) {
      throw new Error(`nothing was done: the request "${params.request}" is another one than was planned`)
    }
    const { rule, url, headers, body, tls } = built
    if (context.now + rule.timeoutMs >= context.deadlineAt) {
      throw new Error(
        `nothing was done: the request's timeout of ${rule.timeoutMs} ms does not fit into the step's; raise it`,
      )
    }
    const reply = await client.send({
      url,
      method: rule.method,
      headers: { ...headers, 'idempotency-key': context.idempotencyKey },
      ...(body !== null && { body }),
      ...(tls && { tls }),
      door: doorOf(settings),
      timeoutMs: rule.timeoutMs,
      bytesMax: answerBytesMax,
      beyond: 'cut',
      signal: context.signal,
    })
    if (reply.ok) return judged(built, reply.status, reply.body)
    const reason = printable(reply.reason, answerCharsMax)
    if (reply.sent) throw outcomeUnknown(`the request was sent to ${url.host}, but ${reason}`)
    throw new Error(`nothing was done: ${url.host}: ${reason}`)
  },
})

function open(target: ActionTarget, context: PlanContext) {
  const settings = requestSettings.parse(context.settings)
  if (settings.service !== target.name) {
    throw new Error(`settings of "${settings.service}" were given for ${target.text}: this is a defect of Hepar`)
  }
  return settings
}

/** What may be called at all, without what Hepar itself lives by: a name or a redirect may lead elsewhere than when it was planned. */
function doorOf({ allow, lifelines }: RequestSettings): Door {
  const allowed = allowedDoor(allow)
  return (url) => {
    const admission = allowed(url)
    if (!admission.ok) return admission
    const whyOwn = (address: string) => whyOwnAddress(url, [address], lifelines)
    return { ...admission, whyNot: (address) => admission.whyNot(address) ?? whyOwn(address) }
  }
}

/**
 * What an answer means for the effect: from 500 on nobody knows how far the server came, and an endpoint that knows repeats
 * answers one of a request that it is still working on with 409.
 */
function judged(built: BuiltRequest, status: number, body: string) {
  const { rule, url } = built
  const said = answerOf(built, body)
  const answer = said === null ? '[not shown: it may hold a secret]' : printable(said, answerCharsMax)
  if (rule.successCodes.includes(status)) return { status, answer }
  const words = `${url.host} answered HTTP ${status}${answer === '' ? '' : `: ${answer}`}`
  const unclear = status >= 500 || status === 408 || (status === 409 && rule.idempotent)
  if (unclear && !rule.failedCodes.includes(status)) throw outcomeUnknown(`${words}; whether it did it is not known`)
  throw new Error(words)
}
