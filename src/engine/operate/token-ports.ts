import type { StoredToken } from '../../domain/token.ts'

export interface TokenReads {
  /** Every token that Hepar made, oldest first, also those that are over. */
  tokens(): Promise<readonly StoredToken[]>
}

export interface TokenWrites {
  insertToken(token: StoredToken): Promise<void>
  revokeToken(id: string, at: number): Promise<void>
  /** Removes those that expired or were revoked before. */
  forgetTokens(before: number): Promise<void>
}
