import {
  type ActionTarget,
  defineAction,
  duration,
  notNow,
  notStarted,
  type PlanContext,
  refuse,
  z,
} from '../src/sdk/index.ts'
import { hostParam, whyElsewhere } from '../src/sdk/service-host.ts'
import { showUnit, type UnitState, unitObject } from '../src/sdk/systemctl.ts'
import { unitChange } from '../src/sdk/unit-change.ts'
import { unitEvidence, unitFacts } from '../src/sdk/unit-evidence.ts'
import { restartUnitWithin, whyNeverUnit } from '../src/sdk/unit-restart.ts'

const settingsShape = z.object({ service: z.string().min(1), host: z.string().min(1), unit: z.string().min(1) })
const pinShape = z.object({ unit: z.string(), invocation: z.string() })

export default defineAction({
  summary: 'Restart one systemd service',
  kind: 'service',
  risk: 'reversible',
  idempotent: false,
  params: z.strictObject({
    // The machine that the alert is about; another one than that of the service is refused.
    host: hostParam,
    // An active unit that runs for less than this is left alone: the alert may be about what ran before.
    minUptime: duration('1m'),
  }),

  async plan(target, { host, minUptime }, context) {
    const settings = read(target, context)
    const elsewhere = whyElsewhere(settings, host)
    if (elsewhere !== null) return refuse(elsewhere)
    const state = await showUnit(settings.unit, context.signal)
    const never = whyNeverUnit(state, settings.unit)
    if (never !== null) return refuse(`${target.text} is not touched: ${never}`, unitFacts(state))
    const evidence = await unitEvidence(state, context.signal)
    const busy = whyNotNow(state) ?? whyTooYoung(state, minUptime)
    if (busy !== null) return notNow(`${target.text} is not restarted now: ${busy}`, evidence)
    const { active, result, restarts } = state
    const changed = unitChange(state)
    const how = active === 'failed' ? `failed (${result})` : `${active}, restarted ${restarts} times by systemd`
    return {
      pin: { unit: settings.unit, invocation: state.invocation },
      touches: [unitObject(settings.unit)],
      ...(changed && { changed }),
      summary: `Restart ${settings.unit} on ${settings.host}, which is ${how}`,
      evidence,
    }
  },

  async run({ target, pin }, context) {
    const { unit, invocation } = pinShape.parse(pin)
    if (read(target, context).unit !== unit) throw new Error(`nothing was done: ${target.text} is another unit now`)
    const state = await showUnit(unit, context.signal)
    const changed = whyNeverUnit(state, unit) ?? whyNotNow(state)
    if (changed !== null) throw new Error(`nothing was done: ${changed}`)
    if (state.invocation !== invocation) throw notStarted(`nothing was done: ${unit} was started by somebody else`)
    await restartUnitWithin(unit, context)
    return { unit }
  },

  async verify({ pin }, context) {
    const { unit, invocation } = pinShape.parse(pin)
    const { active, sub, result, invocation: now, restarts } = await showUnit(unit, context.signal)
    if (now === '' || now === invocation) return failed(`${unit} has not been started since the plan: it is ${active}`)
    if (active !== 'active') return failed(`${unit} is ${active} (${sub}, ${result})`)
    // The count begins anew with each start that was asked for.
    if (restarts > 0)
      return failed(`systemd has had to start ${unit} again ${restarts} times since: it does not stay up`)
    return { passed: true, detail: `${unit} is active (${sub}), invocation ${now}` }
  },
})

function read(target: ActionTarget, context: PlanContext) {
  const settings = settingsShape.parse(context.settings)
  if (settings.service === target.name) return settings
  throw new Error(`settings of ${settings.service} were given for ${target.text}: this is a defect of Hepar`)
}

function whyNotNow({ active, sub }: UnitState): string | null {
  if (active === 'inactive') return 'it is inactive: it ended by itself, or somebody stopped it on purpose'
  return active === 'active' || active === 'failed' ? null : `it is ${active} (${sub}) already`
}

/** Whether somebody has just done what a restart would do. */
function whyTooYoung({ active, activeSinceUs }: UnitState, minUptimeMs: number): string | null {
  if (active !== 'active' || activeSinceUs === 0) return null
  const uptimeMs = Number(process.hrtime.bigint() / 1_000n - BigInt(activeSinceUs)) / 1_000
  if (uptimeMs >= minUptimeMs) return null
  return `it was started only ${Math.max(0, Math.round(uptimeMs / 1_000))}s ago, so the alert may be about what ran before`
}

function failed(detail: string) {
  return { passed: false, detail }
}
