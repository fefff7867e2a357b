import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineAction, z } from 'hepar/sdk'

const fileOf = (folder: unknown, name: string) => join(String(folder), name)

/** Writes down when it began, in milliseconds since the epoch with their fractions. */
export default defineAction({
  summary: 'Note when the effect began',
  kind: 'service',
  risk: 'reversible',
  idempotent: false,
  params: z.strictObject({ folder: z.string() }),
  async plan(target, { folder }) {
    return { pin: { folder }, summary: `note when ${target.text} begins` }
  },
  async run({ target, pin }) {
    const beganAt = performance.timeOrigin + performance.now()
    appendFileSync(fileOf(pin.folder, target.name), `${beganAt}\n`)
    return {}
  },
  async verify({ target, pin }) {
    return { passed: existsSync(fileOf(pin.folder, target.name)), detail: 'it has begun' }
  },
})
