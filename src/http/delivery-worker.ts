import { parentPort } from 'node:worker_threads'
import type { DeliveryLimits } from '../domain/delivery.ts'
import { type PackedDelivery, packDelivery } from './delivery-parts.ts'
import { HttpError } from './errors.ts'
import { readDelivery, refuseSwarm } from './read-delivery.ts'

/** One body to read, and what came of it. */
export interface ReadOrder {
  readonly id: number
  readonly raw: Uint8Array
  readonly limits: DeliveryLimits
}
export type ReadAnswer = { readonly id: number } & (
  | { readonly kind: 'read'; readonly delivery: PackedDelivery }
  | { readonly kind: 'refused'; readonly refusal: Pick<HttpError, 'status' | 'code' | 'message' | 'next'> }
  | { readonly kind: 'failed'; readonly error: Error }
)

parentPort?.on('message', (order: ReadOrder) => {
  const answer = read(order)
  const bytes = answer.kind === 'read' ? answer.delivery.parts.map(({ buffer }) => buffer) : []
  parentPort?.postMessage(answer, bytes)
})

function read({ id, raw, limits }: ReadOrder): ReadAnswer {
  try {
    refuseSwarm(raw, limits)
    return { id, kind: 'read', delivery: packDelivery(readDelivery(raw, limits)) }
  } catch (error) {
    if (!(error instanceof HttpError)) return { id, kind: 'failed', error: error as Error }
    const { status, code, message, next } = error
    return { id, kind: 'refused', refusal: { status, code, message, next } }
  }
}
