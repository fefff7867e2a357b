/** What an exchange tells about the peer's clock: local times around it, epoch milliseconds, and its `Date` header. */
export interface Exchange {
  readonly sentAt: number
  readonly receivedAt: number
  readonly date: string | undefined
}

/**
 * How far the peer's clock is ahead of ours, in milliseconds (negative: behind), or 0 while the exchange is consistent with
 * equal clocks. Rounded so that a peer's time minus the skew is never later than the true local time.
 */
export function clockSkewMs({ sentAt, receivedAt, date }: Exchange): number {
  const said = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(said)) return 0
  // The header is cut to whole seconds, so the peer's clock stood somewhere in [said, said + 999].
  const least = said - receivedAt
  const most = said + 999 - sentAt
  return least <= 0 && most >= 0 ? 0 : most
}
