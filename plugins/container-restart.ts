import { containerChange } from '../src/sdk/container-change.ts'
import { type ContainerEngine, type ContainerInfo, openContainerEngine } from '../src/sdk/container-engine.ts'
import { containerEvidence, healthOf } from '../src/sdk/container-evidence.ts'
import { type ContainerSettings, containerSettings, whyNotNow } from '../src/sdk/container-guard.ts'
import { containerObject, findContainer } from '../src/sdk/find-container.ts'
import { type ActionTarget, defineAction, duration, notNow, notStarted, type PlanContext, z } from '../src/sdk/index.ts'

const graceMsMax = 5 * 60_000

// How far the engine's clock may seem to be off beyond what was measured: it is read a moment later.
const clockSlackMs = 2_000

// What an engine takes for a restart beside the grace.
const engineRestartMs = 10_000

const pinShape = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/), created: z.string(), imageId: z.string() })
const dataShape = z.object({ startedAt: z.string() })

export default defineAction({
  summary: 'Restart one Docker container',
  kind: 'container',
  risk: 'reversible',
  idempotent: false,
  params: z.strictObject({
    grace: duration('10s').refine((ms) => ms <= graceMsMax, 'grace is at most 5m'),
    // A healthy container that runs for less than this is left alone: the alert may be about what ran before it.
    minUptime: duration('1m'),
  }),

  async plan(target, { grace, minUptime }, context) {
    const { engine, settings } = open(target, context)
    const found = await findContainer(engine, settings, { name: target.name, what: target.text }, context.signal)
    if (found.info === null) return found.refusal
    const { info, facts } = found
    // Only now, since the log of a container that never opted in is none of Hepar's business.
    const evidence = { ...facts, ...(await containerEvidence(engine, info, context.signal)) }
    const busy = whyNotNow(info) ?? (await whyTooYoung(engine, info, minUptime, context))
    if (busy !== null) return notNow(`${target.text} is not restarted now: ${busy}`, evidence)
    const changed = containerChange(info, (await engine.clock(context.signal)).aheadMs)
    return {
      pin: { id: info.Id, created: info.Created, imageId: info.Image },
      touches: [containerObject(info)],
      ...(changed && { changed }),
      summary: summarize(info, settings.host, seconds(grace)),
      data: { startedAt: info.State.StartedAt },
      evidence,
    }
  },

  async run({ target, params, pin, data }, context) {
    const { engine } = open(target, context)
    const { id } = pinShape.parse(pin)
    const graceSeconds = seconds(params.grace)
    if (context.now + graceSeconds * 1_000 >= context.deadlineAt) {
      throw new Error(`nothing was done: ${graceSeconds}s of grace do not fit into the step's timeout; raise it`)
    }
    const before = await engine.inspect(id, context.signal)
    const changed = before === null ? 'is gone' : whyChanged(before, target, dataShape.parse(data).startedAt)
    if (changed !== null) throw notStarted(`nothing was done: the planned container ${id.slice(0, 12)} ${changed}`)
    await engine.restart(id, graceSeconds, context.signal)
    return { id, graceSeconds }
  },

  async verify({ target, params, pin, data }, context) {
    const { engine } = open(target, context)
    const { id } = pinShape.parse(pin)
    const info = await engine.inspect(id, context.signal)
    if (info === null) return failed(await whereItWent(engine, target, id, context.signal))
    const { Status: state, StartedAt: startedAt } = info.State
    const started = Date.parse(startedAt)
    if (!(started > Date.parse(dataShape.parse(data).startedAt))) {
      return failed(`it has not been started since the plan: it runs since ${startedAt}`)
    }
    if (state !== 'running') return failed(`it is ${state}, exit code ${info.State.ExitCode}`)
    const { aheadMs, errorMs } = await engine.clock(context.signal)
    const slackMs = errorMs + clockSlackMs
    if (started - aheadMs < context.intendedAt - slackMs)
      return failed(`it was started before the restart, ${startedAt}`)
    // A restart that nobody saw the end of may still have been in its grace when it was given up.
    const lateMs = context.effectSeen ? 0 : params.grace + engineRestartMs
    if (started - aheadMs > context.effectEndedAt + lateMs + slackMs) {
      return failed(`it has started once more since the restart, at ${startedAt}: it does not stay up`)
    }
    const health = healthOf(info)
    if (health !== 'none' && health !== 'healthy') return failed(`it runs, but its health check says "${health}"`)
    const proof = health === 'none' ? 'running (it has no health check)' : 'running and healthy'
    return { passed: true, detail: `${id.slice(0, 12)} is ${proof} since ${startedAt}` }
  },
})

function open(target: ActionTarget, context: PlanContext): { engine: ContainerEngine; settings: ContainerSettings } {
  const settings = containerSettings.parse(context.settings)
  if (settings.host !== target.place) {
    throw new Error(`settings of host "${settings.host}" were given for ${target.text}: this is a defect of Hepar`)
  }
  return { engine: openContainerEngine(settings.host, settings.docker), settings }
}

/** The engine counts whole seconds; less than was asked for would be less grace than was promised. */
function seconds(graceMs: number): number {
  return Math.ceil(graceMs / 1_000)
}

function summarize(info: ContainerInfo, host: string, graceSeconds: number): string {
  const name = `container ${info.Name.slice(1)} on ${host} (${info.Id.slice(0, 12)}`
  const { Status: state, ExitCode: exitCode, OOMKilled: outOfMemory } = info.State
  if (state === 'exited') {
    return `Start ${name}), which exited with code ${exitCode}${outOfMemory ? ', out of memory' : ''}`
  }
  const health = healthOf(info)
  return `Restart ${name}, ${state}${health === 'none' ? '' : `, ${health}`}) with ${graceSeconds}s of grace`
}

/** Whether somebody, or another container under this name, has just done what a restart would do. */
async function whyTooYoung(engine: ContainerEngine, info: ContainerInfo, minUptimeMs: number, context: PlanContext) {
  if (info.State.Status !== 'running' || healthOf(info) !== 'healthy' || minUptimeMs === 0) return null
  const { aheadMs } = await engine.clock(context.signal)
  const uptimeMs = context.now + aheadMs - Date.parse(info.State.StartedAt)
  if (uptimeMs >= minUptimeMs) return null
  const since = `it is healthy and was started only ${seconds(Math.max(0, uptimeMs))}s ago`
  return `${since}, so the alert may be about what ran before`
}

function whyChanged(info: ContainerInfo, target: ActionTarget, startedAt: string): string | null {
  if (info.Name !== `/${target.name}`) return `is now named "${info.Name.slice(1)}"`
  if (info.State.StartedAt !== startedAt) return `was started by somebody else at ${info.State.StartedAt}`
  const busy = whyNotNow(info)
  return busy === null ? null : `has changed: ${busy}`
}

async function whereItWent(engine: ContainerEngine, target: ActionTarget, id: string, signal: AbortSignal) {
  const [successor] = await engine.idsNamed(target.name, signal)
  const fate = successor === undefined ? 'has been removed' : `has been replaced by ${successor.slice(0, 12)}`
  return `the restarted container ${id.slice(0, 12)} ${fate}`
}

function failed(detail: string) {
  return { passed: false, detail }
}
