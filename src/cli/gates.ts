import { formatTable } from './table.ts'

/** Gate reports as they come from the API or the engine. */
export function formatGates(gates: readonly unknown[]): string {
  const rows = gates.map((gate) => {
    const { gate: name, result, reason } = gate as Record<string, unknown>
    return [name, result, reason]
  })
  return formatTable(['GATE', 'RESULT', 'REASON'], rows)
}
