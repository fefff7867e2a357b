import * as z from 'zod'
import { containerChange } from './container-change.ts'
import { type ContainerEngine, openContainerEngine } from './container-engine.ts'
import { containerEvidence } from './container-evidence.ts'
import { whyNotNow } from './container-guard.ts'
import { containerObject, findContainer } from './find-container.ts'
import { notNow } from './index.ts'
import type { RestartBy } from './redis-settings.ts'
import { type RestartWay, whyMismatch } from './restart-way.ts'

const pinShape = z.object({ container: z.string(), id: z.string().regex(/^[0-9a-f]{64}$/), startedAt: z.string() })

/** A server that is restarted with its container, behind the same guards as any container. */
export function byContainer({ name, place }: RestartBy<'container'>): RestartWay {
  const engine: ContainerEngine = openContainerEngine(place.host, place.docker)
  const text = `container/${place.host}/${name}`
  return {
    async find(down, { signal }) {
      const found = await findContainer(engine, place, { name, what: text }, signal)
      if (found.info === null) return { ...found.refusal, evidence: { container: found.refusal.evidence ?? {} } }
      const { info, facts } = found
      const evidence = { ...facts, ...(await containerEvidence(engine, info, signal)) }
      const busy = whyNotNow(info) ?? whyMismatch(down, info.State.Status === 'running')
      if (busy !== null) return notNow(`${text} is not restarted now: ${busy}`, { container: evidence })
      const { Status: state, StartedAt: startedAt } = info.State
      const words = `container ${name} on ${place.host} (${info.Id.slice(0, 12)}, ${state})`
      return {
        pin: { container: text, id: info.Id, startedAt },
        words,
        touches: [text, containerObject(info)],
        evidence: { container: evidence },
        changed: containerChange(info, (await engine.clock(signal)).aheadMs),
      }
    },

    async restart(pin, graceMs, { signal }) {
      const { id } = pinShape.parse(pin)
      const graceSeconds = Math.ceil(graceMs / 1_000)
      await engine.restart(id, graceSeconds, signal)
      return { id, graceSeconds }
    },

    async whyNotRestarted(pin, _, { signal }) {
      const { id, startedAt } = pinShape.parse(pin)
      const info = await engine.inspect(id, signal)
      if (info === null) return `the restarted container ${id.slice(0, 12)} is gone`
      if (info.State.Status !== 'running') return `its container is ${info.State.Status}`
      if (Date.parse(info.State.StartedAt) > Date.parse(startedAt)) return null
      return `its container has not been started since the plan: it runs since ${info.State.StartedAt}`
    },
  }
}
