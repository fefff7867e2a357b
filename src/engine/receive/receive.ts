import type { Decision, Delivery, Remainder } from '../../domain/alert.ts'
import type { Log } from '../ports.ts'
import { type AcceptPart, alertsPerCommitMax } from './accept.ts'
import type { Decided } from './decide-parsed.ts'
import { nothingPromised } from './remainder.ts'

export interface ReceivePorts {
  readonly accept: AcceptPart
  readonly log: Log
}

/** What `receive` decided, the alerts whose true state only their source knows, and what Alertmanager cut. */
export interface Received {
  readonly decisions: readonly Decision[]
  readonly askSource: readonly string[]
  readonly rest: Remainder | null
}

/**
 * Decides every alert of a delivery and commits, with one event for each part; the last part also promises to fetch what
 * was cut from it. `completes` is the promise that this delivery keeps.
 */
export async function receive(
  delivery: Delivery,
  by: string,
  { accept, log }: ReceivePorts,
  completes: Remainder | null = null,
): Promise<Received> {
  const of = delivery.alerts.length
  const all: Decided[] = []
  let promised = nothingPromised
  for (let from = 0; from === 0 || from < of; from += alertsPerCommitMax) {
    const alerts = delivery.alerts.slice(from, from + alertsPerCommitMax)
    const last = from + alertsPerCommitMax >= of
    const part = await accept({ delivery, alerts, from, by, last, completes })
    all.push(...part.decided)
    promised = part.promised
  }
  const { rest, givenUp } = promised
  if (givenUp > 0) log.warn({ count: givenUp }, 'too many truncated deliveries wait, the oldest are given up')
  return {
    rest,
    decisions: all.map(({ decision }) => decision),
    askSource: all.flatMap(({ askSource, decision }) =>
      askSource && decision.fingerprint ? [decision.fingerprint] : [],
    ),
  }
}
