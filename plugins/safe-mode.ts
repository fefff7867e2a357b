import { type ActionTarget, defineAction, type JsonObject, notNow, refuse, z } from '../src/sdk/index.ts'
import { serviceEvidence } from '../src/sdk/service-evidence.ts'
import { foreignWords, type Mirror, openMirror, serviceSettings } from '../src/sdk/service-mirror.ts'

const pinShape = z.object({ service: z.string(), mirror: z.object({ redis: z.string(), key: z.string() }).nullable() })
type Pin = z.output<typeof pinShape>

/**
 * The flag itself is Hepar's own record that this effect is in force, so there is nothing else to switch: the plugin has only the
 * mirror to write. It has no probe, because a service in safe mode is not thereby well.
 */
export default defineAction({
  summary: 'Put one service into safe mode for a while',
  kind: 'service',
  risk: 'reversible',
  idempotent: true,
  temporary: true,
  params: z.strictObject({}),

  async plan(target, _, { settings, signal }) {
    const read = serviceSettings.parse(settings)
    if (read.service === null)
      return refuse(`${target.text} is not put into safe mode: ${read.unlisted}; list it there`)
    const { name, mirror } = read.service
    if (name !== target.name) throw new Error(`settings of service "${name}" were given for ${target.text}`)
    const pin = { service: name, mirror: placeOf(mirror) } satisfies Pin
    const summary = `Put ${target.text} into safe mode`
    const traces = await serviceEvidence(read.service, signal)
    if (mirror === null) return { pin, summary, evidence: { mirror: null, ...traces } }
    const words = `, shown by the key "${mirror.key}" of redis "${mirror.redis.name}"`
    const seen = await look(mirror, signal)
    if (seen === 'foreign') return refuse(`${target.text} is not put into safe mode: ${foreignWords(mirror.key)}`)
    if (seen !== 'absent' && seen !== 'ours') return notNow(`${target.text} is not put into safe mode: ${seen.failed}`)
    return { pin, summary: summary + words, evidence: { mirror: seen, ...traces } }
  },

  async run({ target, pin }, { settings, signal, now }) {
    const mirror = mirrorNow(target, pinShape.parse(pin), settings)
    if (mirror === null) return { mirror: null }
    const open = await openMirror(mirror, signal)
    try {
      await open.set(now)
      return { mirror: 'written' }
    } finally {
      open.close()
    }
  },

  async revert({ target, pin }, { settings, signal }) {
    const planned = pinShape.parse(pin)
    if (planned.mirror === null) return { mirror: null }
    const mirror = mirrorNow(target, planned, settings)
    if (mirror === null) throw new Error('a mirror was planned')
    const open = await openMirror(mirror, signal)
    try {
      return { mirror: (await open.remove()) ? 'removed' : 'was gone' }
    } finally {
      open.close()
    }
  },
})

async function look(mirror: Mirror, signal: AbortSignal) {
  try {
    const open = await openMirror(mirror, signal)
    try {
      return await open.look()
    } finally {
      open.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    return { failed: (error as Error).message }
  }
}

/** The planned mirror as it can be reached now. Throws when the configuration has another by now. */
function mirrorNow(target: ActionTarget, pin: Pin, settings: JsonObject): Mirror | null {
  const { service } = serviceSettings.parse(settings)
  const mirror = service?.mirror ?? null
  const [planned, now] = [JSON.stringify(pin.mirror), JSON.stringify(placeOf(mirror))]
  if (service?.name === target.name && planned === now) return mirror
  const where = `services.${target.name}.mirror`
  throw new Error(`${where} is ${now}, planned was ${planned}: put it back until the safe mode is over`)
}

function placeOf(mirror: Mirror | null): Pin['mirror'] {
  return mirror && { redis: mirror.redis.name, key: mirror.key }
}
