import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { Decision } from '../../src/domain/alert.ts'
import type { Explanation } from '../../src/engine/engine.ts'
import type { EventView, Hepar, IncidentView } from './hepar.ts'

/** One delivery: what was foretold just before, and what was answered. */
export interface Foretold {
  readonly body: string
  readonly explanation: Explanation
  readonly decisions: readonly Decision[]
  /** Sequence number of the log's head before the question. */
  readonly head: number
}

export interface Foreteller extends AsyncDisposable {
  /** Where Alertmanager posts instead of Hepar's own webhook; a query is passed on. */
  readonly url: string
  readonly foretold: readonly Foretold[]
  /** Until then, and again after `null`, every delivery is answered 503, so that Alertmanager sends it again. */
  attach(hepar: Hepar | null): void
  /** Passes one body on by hand. */
  post(body: unknown): Promise<Foretold>
  /** Fails unless each delivery came out as foretold: decision, verdict and plan digest. Returns how many verdicts were compared. */
  check(): Promise<number>
}

/** Stands between Alertmanager and Hepar and asks `explain` just before it passes each delivery on, one at a time. */
export async function startForeteller(): Promise<Foreteller> {
  const foretold: Foretold[] = []
  let hepar: Hepar | null = null
  let busy: Promise<unknown> = Promise.resolve()
  const inTurn = (body: string, query = ''): Promise<Answered> => {
    const mine = busy.then(() =>
      hepar ? passOn(hepar, body, query) : { status: 503, text: 'not yet', foretold: null },
    )
    busy = mine.catch(() => {})
    return mine.then((answered) => {
      if (answered.foretold) foretold.push(answered.foretold)
      return answered
    })
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const query = new URL(request.url ?? '', 'http://any').search
    const answered = await inTurn(body, query).catch((error) => ({ status: 503, text: String(error) }))
    response.writeHead(answered.status).end(answered.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook/alertmanager`,
    foretold,
    attach: (to) => {
      hepar = to
    },
    async post(body) {
      const answered = await inTurn(typeof body === 'string' ? body : JSON.stringify(body))
      if (!answered.foretold) throw new Error(`HTTP ${answered.status}: ${answered.text}`)
      return answered.foretold
    },
    async check() {
      await busy
      if (!hepar) throw new Error('no Hepar is attached')
      const incidents = await hepar.incidents()
      const events = await hepar.events()
      let compared = 0
      for (const one of foretold) compared += compare(one, incidents, events)
      return compared
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await busy
    },
  }
}

interface Answered {
  readonly status: number
  readonly text: string
  readonly foretold: Foretold | null
}

async function passOn(hepar: Hepar, body: string, query: string): Promise<Answered> {
  const send = (url: string) =>
    fetch(`${url}${query}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const head = (await hepar.call('GET', '/api/v1/audit/head')).json.seq as number
  const explained = await send(`${hepar.url}/api/v1/explain`)
  const explanation = (await explained.json()) as Explanation
  const answered = await send(hepar.webhookUrl)
  const { status } = answered
  const text = await answered.text()
  if (!explained.ok || status !== 200) return { status, text, foretold: null }
  const { decisions } = JSON.parse(text) as { decisions: Decision[] }
  return { status, text, foretold: { body, explanation, decisions, head } }
}

/** What may come between the question and the delivery, and makes another answer right. */
const moving = ['alert.changed', 'config.loaded', 'incident.closed', 'pause.set', 'pause.cleared']

function compare(
  { body, explanation, decisions, head }: Foretold,
  incidents: readonly IncidentView[],
  events: readonly EventView[],
): number {
  const digest = createHash('sha256').update(body).digest('hex')
  const later = events.filter(({ seq }) => seq > head)
  const taken = later.find(({ type, body }) => type === 'delivery.received' && body.digest === digest)
  if (later.some(({ seq, type }) => moving.includes(type) && taken && seq < taken.seq)) return 0
  expect(explanation.alerts.map(({ decision }) => decision)).toEqual(decisions)
  let compared = 0
  for (const { playbook, target, verdict, planDigest, would, note } of explanation.alerts.flatMap(
    (alert) => alert.incidents,
  )) {
    if (verdict === null || would === 'attach' || note !== '') continue
    const own = incidents.filter((incident) => incident.playbook === playbook && incident.target === target)
    const assessed = later.find(
      ({ seq, type, incident }) =>
        type === 'incident.assessed' && seq > (taken?.seq ?? 0) && own.some(({ id }) => id === incident),
    )
    // Another alert that came meanwhile, or a kill, may have kept it from being assessed at all.
    if (!assessed) continue
    const why = `foretold for ${target}: ${verdict.blockedBy?.reason ?? 'nothing blocks'}`
    expect(assessed.body, why).toMatchObject({ verdict: verdict.verdict, planDigest })
    compared += 1
  }
  return compared
}
