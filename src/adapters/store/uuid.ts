import { randomFillSync } from 'node:crypto'
import type { NewId } from '../../engine/ports.ts'

const counterMax = 0xfff
const bytesPerId = 11

/** Random bytes are drawn for so many ids at once: each draw costs more than all the rest of an id. */
const idsPerDraw = 256

/** A source of UUIDv7s that only ever grow, also within a millisecond and when the clock steps back. */
export function createNewId(): NewId {
  const pool = Buffer.alloc(idsPerDraw * bytesPerId)
  let drawn = pool.length
  let lastMs = 0
  let counter = 0
  return (nowMs) => {
    if (drawn === pool.length) {
      randomFillSync(pool)
      drawn = 0
    }
    const random = pool.subarray(drawn, drawn + bytesPerId)
    drawn += bytesPerId
    if (nowMs > lastMs) {
      lastMs = nowMs
      // The upper half stays free, so that a burst has room to count.
      counter = random.readUInt16BE(9) & 0x7ff
    } else if (counter < counterMax) {
      counter++
    } else {
      lastMs++
      counter = 0
    }
    const time = lastMs.toString(16).padStart(12, '0')
    const group = counter.toString(16).padStart(3, '0')
    const variant = (0x8 | (random.readUInt8(0) & 0x3)).toString(16)
    const tail = random.toString('hex', 1, 9)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${group}-${variant}${tail.slice(0, 3)}-${tail.slice(3, 15)}`
  }
}

/** A new UUIDv7 for the given time, greater than every one before it in this process. */
export const newId: NewId = createNewId()
