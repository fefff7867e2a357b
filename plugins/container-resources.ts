import { type ContainerEngine, openContainerEngine } from '../src/sdk/container-engine.ts'
import { containerEvidence } from '../src/sdk/container-evidence.ts'
import { type ContainerSettings, containerSettings } from '../src/sdk/container-guard.ts'
import {
  containerLimits,
  describeBytes,
  describeLimits,
  limitsOf,
  type Raise,
  raiseLimits,
  sameLimits,
} from '../src/sdk/container-limits.ts'
import { containerObject, findContainer } from '../src/sdk/find-container.ts'
import { type ActionTarget, defineAction, notNow, type PlanContext, refuse, size, z } from '../src/sdk/index.ts'

const pinShape = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/), created: z.string() })
const dataShape = z.object({ before: containerLimits, after: containerLimits })

// States in which limits can be changed, and in which that can help.
const changeable = ['running', 'exited', 'restarting']

export default defineAction({
  summary: 'Raise the memory or CPU limit of one Docker container',
  kind: 'container',
  risk: 'reversible',
  // What is set is a value, not a step: setting it twice is setting it once.
  idempotent: true,
  params: z
    .strictObject({
      what: z.enum(['memory', 'cpu']).default('memory'),
      factor: z.number().gt(1).max(4).default(1.5),
      // The most memory it may ever get, and the most CPUs. Without the one that is meant nothing is raised.
      memoryMax: size().optional(),
      cpusMax: z.number().positive().max(1_024).optional(),
    })
    .refine(({ what, memoryMax }) => what !== 'memory' || memoryMax !== undefined, {
      path: ['memoryMax'],
      message: 'is missing: say how much memory it may ever get, such as 1GiB',
    })
    .refine(({ what, cpusMax }) => what !== 'cpu' || cpusMax !== undefined, {
      path: ['cpusMax'],
      message: 'is missing: say how many CPUs it may ever get, such as 2',
    }),

  async plan(target, params, context) {
    const { engine, settings } = open(target, context)
    const found = await findContainer(engine, settings, { name: target.name, what: target.text }, context.signal)
    if (found.info === null) return found.refusal
    const { info, facts } = found
    const before = limitsOf(info)
    const evidence = { ...facts, limits: { ...before }, ...(await containerEvidence(engine, info, context.signal)) }
    if (!changeable.includes(info.State.Status)) {
      return notNow(`${target.text} is not given more now: it is ${info.State.Status}`, evidence)
    }
    const raised = raiseLimits(before, raiseOf(params))
    if (!raised.ok)
      return (raised.final ? refuse : notNow)(`${target.text} is not given more: ${raised.reason}`, evidence)
    const { what } = params
    const change = `${describeLimits(before, what)} to ${describeLimits(raised.limits, what)}`
    return {
      pin: { id: info.Id, created: info.Created, after: { ...raised.limits } },
      touches: [containerObject(info)],
      summary: `Raise container ${target.name} on ${settings.host} (${info.Id.slice(0, 12)}) from ${change}`,
      data: { before: { ...before }, after: { ...raised.limits } },
      evidence,
    }
  },

  async run({ target, pin, data }, context) {
    const { engine } = open(target, context)
    const { id } = pinShape.parse(pin)
    const { before, after } = dataShape.parse(data)
    const info = await engine.inspect(id, context.signal)
    const planned = `the planned container ${id.slice(0, 12)}`
    if (info === null) throw new Error(`nothing was done: ${planned} is gone`)
    // Another name may be one that is protected.
    if (info.Name !== `/${target.name}`) {
      throw new Error(`nothing was done: ${planned} is now named "${info.Name.slice(1)}"`)
    }
    const now = limitsOf(info)
    if (sameLimits(now, after)) return { id, limits: { ...after } }
    if (!sameLimits(now, before)) throw new Error('nothing was done: somebody changed its limits since the plan')
    await engine.update(id, after, context.signal)
    return { id, limits: { ...after } }
  },

  async verify({ target, pin, data }, context) {
    const { engine } = open(target, context)
    const { id } = pinShape.parse(pin)
    const info = await engine.inspect(id, context.signal)
    if (info === null) return { passed: false, detail: `the container ${id.slice(0, 12)} is gone` }
    if (!sameLimits(limitsOf(info), dataShape.parse(data).after)) {
      return { passed: false, detail: 'it does not have the limits that were set' }
    }
    const { Status: state, ExitCode, Health } = info.State
    if (state !== 'running') return { passed: false, detail: `it has more, but is ${state}, exit code ${ExitCode}` }
    const health = Health?.Status ?? 'none'
    const passed = health === 'healthy' || health === 'none'
    return { passed, detail: passed ? 'it runs with the new limits' : `it runs, but its health check says "${health}"` }
  },

  async revert({ target, pin, data }, context) {
    const { engine } = open(target, context)
    const { id } = pinShape.parse(pin)
    const { before, after } = dataShape.parse(data)
    const info = await engine.inspect(id, context.signal)
    if (info === null) return { id, reverted: false, reason: 'the container is gone' }
    // Whoever set other limits meanwhile meant them.
    if (!sameLimits(limitsOf(info), after))
      return { id, reverted: false, reason: 'its limits are not those that were set' }
    const held = (await engine.memoryUse(id, context.signal))?.heldBytes ?? 0
    // Some kernels refuse it, others end what does not fit any more.
    if (before.memoryBytes !== 0 && before.memoryBytes < after.memoryBytes && held > before.memoryBytes) {
      const has = `${describeBytes(held)} of memory that cannot be taken from it`
      throw new Error(`nothing was done: it holds ${has}, more than the ${describeBytes(before.memoryBytes)} it had`)
    }
    await engine.update(id, before, context.signal)
    return { id, reverted: true, limits: { ...before } }
  },
})

interface Asked {
  readonly what: 'memory' | 'cpu'
  readonly factor: number
  readonly memoryMax?: number | undefined
  readonly cpusMax?: number | undefined
}

function raiseOf({ what, factor, memoryMax = 0, cpusMax = 0 }: Asked): Raise {
  return { what, factor, cap: what === 'memory' ? memoryMax : Math.floor(cpusMax * 1e9) }
}

function open(target: ActionTarget, context: PlanContext): { engine: ContainerEngine; settings: ContainerSettings } {
  const settings = containerSettings.parse(context.settings)
  if (settings.host !== target.place) {
    throw new Error(`settings of host "${settings.host}" were given for ${target.text}: this is a defect of Hepar`)
  }
  return { engine: openContainerEngine(settings.host, settings.docker), settings }
}
