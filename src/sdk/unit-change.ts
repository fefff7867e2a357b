import type { UnitState } from './systemctl.ts'

/**
 * When somebody last started a unit; `null` where that cannot be told. systemd counts its own restarts, and begins that count anew with each
 * start that was asked for.
 */
export function unitChange({
  active,
  activeSinceUs,
  restarts,
}: Pick<UnitState, 'active' | 'activeSinceUs' | 'restarts'>): { readonly at: number; readonly what: string } | null {
  if (active !== 'active' || activeSinceUs === 0 || restarts > 0) return null
  const ageMs = Number(process.hrtime.bigint() / 1_000n - BigInt(activeSinceUs)) / 1_000
  return { at: Math.round(Date.now() - ageMs), what: 'it was started' }
}
