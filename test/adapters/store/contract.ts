import { describe } from 'vitest'
import type { Store } from '../../../src/engine/ports.ts'
import { alertContract } from './contract-alerts.ts'
import { attemptContract } from './contract-attempts.ts'
import { incidentContract } from './contract-incidents.ts'
import { transactionContract } from './contract-transactions.ts'

/** Opens an empty store that closes itself when the test has finished. */
export type OpenStore = () => Promise<Store>

/** What every store must do, whatever lies beneath it. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`the store contract on ${name}`, () => {
    describe('alerts', () => alertContract(open))
    describe('incidents', () => incidentContract(open))
    describe('attempts, outbox and pause', () => attemptContract(open))
    describe('transactions and the log', () => transactionContract(open))
  })
}
