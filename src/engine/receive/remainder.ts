import type { Delivery, Remainder } from '../../domain/alert.ts'
import { digestOf } from '../digest.ts'
import type { Tx } from '../ports.ts'

/** Groups that can wait for their rest; beyond it the oldest is given up, and comes with Alertmanager's next repeat. */
const remaindersMax = 1_000

export interface Promised {
  /** `null` when nothing was cut. */
  readonly rest: Remainder | null
  /** How many others were given up for it. */
  readonly givenUp: number
}

export const nothingPromised: Promised = { rest: null, givenUp: 0 }

/** Writes down, in the transaction that accepts a delivery, that what Alertmanager cut from it is to be fetched. */
export async function promiseRest(tx: Tx, delivery: Delivery, id: string): Promise<Promised> {
  if (delivery.truncatedAlerts === 0) return nothingPromised
  const { source, receiver, groupKey, groupLabels } = delivery
  const group = digestOf([source, receiver, groupKey, groupLabels])
  const rest = { id, group, source, receiver, groupKey, groupLabels }
  return { rest, givenUp: await tx.saveRemainder(rest, remaindersMax) }
}
