/** Does several things at once. Gives the result of each, in their order. */
export type DoAll<Item, Result> = (take: () => readonly Item[]) => Promise<readonly Result[]>

export interface BatchLimits<Item> {
  readonly sizeOf: (item: Item) => number
  readonly sizeMax: number
  /** True where doing an item again, alone, might end otherwise than doing it with others. */
  readonly mayDiffer: (error: unknown) => boolean
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Does together what waits at the same moment: an item joins the youngest batch that has not begun, while there is room.
 * A batch begins when `doAll` takes its items. Where a batch fails, each of its items is done alone, so that none fails
 * for its neighbours.
 */
export function createBatches<Item, Result>(
  doAll: DoAll<Item, Result>,
  { sizeOf, sizeMax, mayDiffer }: BatchLimits<Item>,
): (item: Item) => Promise<Result> {
  let open: { readonly members: Waiting<Item, Result>[]; size: number } | null = null

  const begin = (first: Waiting<Item, Result>) => {
    const batch = { members: [first], size: sizeOf(first.item) }
    open = batch
    const take = () => {
      if (open === batch) open = null
      return batch.members.map(({ item }) => item)
    }
    doAll(take).then(
      (results) => settle(batch.members, results),
      (error) => {
        take()
        if (batch.members.length > 1 && mayDiffer(error)) for (const member of batch.members) alone(member)
        else for (const { reject } of batch.members) reject(error)
      },
    )
  }

  const alone = ({ item, resolve, reject }: Waiting<Item, Result>) => {
    doAll(() => [item]).then(([result]) => resolve(result as Result), reject)
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const size = sizeOf(item)
      if (open === null || open.size + size > sizeMax) return begin({ item, resolve, reject })
      open.members.push({ item, resolve, reject })
      open.size += size
    })
}

function settle<Item, Result>(members: readonly Waiting<Item, Result>[], results: readonly Result[]): void {
  for (const [index, { resolve }] of members.entries()) resolve(results[index] as Result)
}
