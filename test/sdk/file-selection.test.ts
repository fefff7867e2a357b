import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTally } from '../../src/sdk/file-selection.ts'

const file = fc.record({ ms: fc.integer({ min: 0, max: 20 }), inode: fc.nat(1_000_000), bytes: fc.nat(100) })
const files = fc.uniqueArray(file, { selector: ({ inode }) => inode, maxLength: 60 })

test('whatever the files are, the oldest go, as many as fit into both bounds, and none beyond the threshold', () => {
  fc.assert(
    fc.property(
      files,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 1_500 }),
      (all, filesMax, bytesMax) => {
        const tally = createTally(100)
        for (const one of all) expect(tally.add(one)).toBe(true)
        const { files: taken, bytes, upTo } = tally.select({ filesMax, bytesMax })
        const goes = ({ ms, inode }: { ms: number; inode: number }) =>
          upTo === null || ms < upTo.ms || (ms === upTo.ms && inode < upTo.inode)
        const going = all.filter(goes)
        expect(going).toHaveLength(taken)
        expect(going.reduce((sum, one) => sum + one.bytes, 0)).toBe(bytes)
        expect(taken).toBeLessThanOrEqual(filesMax)
        expect(bytes).toBeLessThanOrEqual(bytesMax)
        const next = all.find((one) => one.inode === upTo?.inode)
        if (next) expect(taken === filesMax || bytes + next.bytes > bytesMax).toBe(true)
        else expect(taken).toBe(all.length)
      },
    ),
  )
})

test('no more are held than there is room for', () => {
  const tally = createTally(2_000)
  const held = Array.from({ length: 2_001 }, (_, inode) => tally.add({ ms: 1, inode, bytes: 1 }))
  expect(held.filter(Boolean)).toHaveLength(2_000)
  expect([tally.files(), tally.bytes(), tally.has(1_999), tally.has(2_000)]).toEqual([2_000, 2_000, true, false])
})
