import {
  type ActionTarget,
  defineAction,
  type JsonObject,
  notNow,
  outcomeUnknown,
  type PlanContext,
  refuse,
  z,
} from '../src/sdk/index.ts'
import { lastLines } from '../src/sdk/log-lines.ts'
import { printable } from '../src/sdk/printable.ts'
import { readProgramFile } from '../src/sdk/program-file.ts'
import { runProgram } from '../src/sdk/run-program.ts'
import { argumentsOf, type CommandRule, commandSettings, withoutSecrets } from '../src/sdk/service-commands.ts'
import { serviceEvidence } from '../src/sdk/service-evidence.ts'
import { hostParam, whyElsewhere } from '../src/sdk/service-host.ts'

const limits = { argumentCharsMax: 300, killGraceMs: 2_000, reportMs: 1_000 } as const

const pinShape = z.object({
  command: z.string(),
  args: z.array(z.string()),
  program: z.object({
    path: z.string(),
    device: z.number(),
    inode: z.number(),
    bytes: z.number(),
    changedMs: z.number(),
  }),
})

export default defineAction({
  summary: 'Run a configured program for a service, without a shell',
  kind: 'service',
  risk: 'destructive',
  idempotent: false,
  params: z.strictObject({
    command: z.string().min(1),
    // What is appended after `--`, by the names of the command's "append".
    append: z.record(z.string(), z.string()).default({}),
    // The machine that the alert is about; another one than that of the service is refused.
    host: hostParam,
  }),

  async plan(target, params, context) {
    const settings = read(target, context)
    const elsewhere = whyElsewhere(settings, params.host)
    if (elsewhere !== null) return refuse(elsewhere)
    const rule = settings.commands.find(({ name }) => name === params.command)
    if (rule === undefined) {
      const known = settings.commands.map(({ name }) => name).join(', ') || 'none'
      return refuse(
        `"${params.command}" is no command of ${settings.service}; services.${settings.service}.commands has: ${known}`,
      )
    }
    const { timeoutMs, doneCodes, unknownCodes } = rule
    const reading = argumentsOf(rule, params.append)
    if (!reading.ok) return refuse(reading.reason)
    const { args } = reading
    const file = readProgramFile(rule.file)
    if (!file.ok) return (file.final ? refuse : notNow)(`${target.text} is not touched: ${file.reason}`)
    return {
      pin: { command: rule.name, args: [...args], program: { ...file.program } },
      summary: `Run ${[rule.file, ...args.map(shown)].join(' ')} for ${settings.service} on ${settings.host}`,
      evidence: {
        file: rule.file,
        args: args.map(shown),
        env: rule.env.map(({ name }) => name),
        timeoutMs,
        doneCodes,
        unknownCodes,
        ...(await serviceEvidence(settings, context.signal)),
      },
    }
  },

  async run({ target, params, pin }, context) {
    const { command, args, program } = pinShape.parse(pin)
    const rule = read(target, context).commands.find(({ name }) => name === command)
    if (rule === undefined) throw new Error(`nothing was done: the command "${command}" is no longer configured`)
    const wanted = argumentsOf(rule, params.append)
    if (!wanted.ok || JSON.stringify(wanted.args) !== JSON.stringify(args)) {
      throw new Error(`nothing was done: the command "${command}" is configured otherwise than it was planned`)
    }
    const now = readProgramFile(rule.file)
    if (!now.ok) throw new Error(`nothing was done: ${now.reason}`)
    if (JSON.stringify(now.program) !== JSON.stringify(program)) {
      throw new Error(`nothing was done: ${rule.file} is another file than the planned one`)
    }
    if (context.now + rule.timeoutMs + limits.killGraceMs + limits.reportMs > context.deadlineAt) {
      throw new Error(
        `nothing was done: the command's ${rule.timeoutMs} ms do not fit into the step's timeout; raise it`,
      )
    }
    return runCommand(rule, args, context.signal)
  },
})

async function runCommand(rule: CommandRule, args: readonly string[], signal: AbortSignal): Promise<JsonObject> {
  const began = performance.now()
  const env = Object.fromEntries(rule.env.map(({ name, value }) => [name, value]))
  const ended = await runProgram({
    file: rule.file,
    args,
    env,
    signal,
    timeoutMs: rule.timeoutMs,
    graceMs: limits.killGraceMs,
  })
  const output = lastLines(withoutSecrets(ended.tail, rule).split('\n'))
  const said = output.at(-1) === undefined ? '' : `: ${output.at(-1)}`
  const { code } = ended
  if (ended.stopped === 'timeout') throw outcomeUnknown(`it did not end within ${rule.timeoutMs} ms${said}`)
  if (code === null) throw outcomeUnknown(`it was ended by ${ended.signal}${said}`)
  if (rule.unknownCodes.includes(code))
    throw outcomeUnknown(`it ended with code ${code}, which leaves it unknown${said}`)
  if (!rule.doneCodes.includes(code)) throw new Error(`it ended with code ${code}${said}`)
  const ms = Math.round(performance.now() - began)
  return { exitCode: code, ms, output, outputBytes: ended.outputBytes }
}

function shown(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : JSON.stringify(printable(argument, limits.argumentCharsMax))
}

function read(target: ActionTarget, context: PlanContext) {
  const settings = commandSettings.parse(context.settings)
  if (settings.service === target.name) return settings
  throw new Error(`settings of ${settings.service} were given for ${target.text}: this is a defect of Hepar`)
}
