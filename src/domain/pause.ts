/** The stop switch. `until` is epoch milliseconds, `null` for until lifted. */
export interface Pause {
  readonly reason: string
  readonly by: string
  readonly since: number
  readonly until: number | null
}
