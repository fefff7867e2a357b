import * as z from 'zod'
import type { Command, Config } from '../domain/config.ts'
import { countField, durationField, nameField, optional, section, textField } from '../files/fields.ts'
import { patternField } from './pattern.ts'
import { pathField, type References, referenceField, secretField } from './references.ts'
import { requestField } from './requests.ts'

const [second, hour] = [1_000, 3_600_000] as const
const listMax = 50

/** What may be done for services, by the name that targets have for them; nothing need be said about one. */
export function servicesField(references: References) {
  return z.record(
    nameField,
    optional(
      section({
        host: optional(nameField),
        unit: optional(unitField),
        logFile: optional(pathField(references)),
        commands: optional(z.record(nameField, commandField(references))),
        requests: optional(z.record(nameField, requestField(references))),
        mirror: optional(section({ redis: nameField, key: textField(500) })),
      }),
    ),
  )
}

const unitField = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,240}\.service$/,
    'must be the full name of a systemd service, such as myapp.service',
  )

function commandField(references: References) {
  return section({
    file: programField(references),
    args: optional(z.array(argumentField(references)).max(listMax)),
    append: optional(z.array(section({ name: nameField, pattern: patternField })).max(listMax)),
    env: optional(z.record(variableField, secretField(references))),
    timeout: optional(durationField(second, hour)),
    done: optional(z.array(countField(0, 255)).min(1, 'must name at least one exit code').max(256)),
    unknown: optional(z.array(countField(0, 255)).max(256)),
  }).superRefine(({ append, done, unknown }, context) => {
    const names = (append ?? []).map(({ name }) => name)
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue
      context.addIssue({
        code: 'custom',
        path: ['append', index, 'name'],
        message: `there are two arguments named "${name}"`,
      })
    }
    for (const [index, code] of (unknown ?? []).entries()) {
      if (!(done ?? [0]).includes(code)) continue
      context.addIssue({ code: 'custom', path: ['unknown', index], message: `exit code ${code} already means done` })
    }
  })
}

type Written = z.output<ReturnType<typeof servicesField>>

export function buildServices(written: Written | undefined): Config['services'] {
  return Object.entries(written ?? {}).map(([name, said]) => {
    const { host, unit, logFile, commands, requests, mirror } = said ?? {}
    const built = Object.entries(commands ?? {}).map(([command, rule]) => buildCommand(command, rule))
    const asked = Object.entries(requests ?? {}).map(([request, rule]) => ({ name: request, ...rule }))
    const place = { host: host ?? 'local', unit: unit ?? null, logFile: logFile ?? null }
    return { name, ...place, commands: built, requests: asked, mirror: mirror ?? null }
  })
}

function buildCommand(name: string, rule: NonNullable<NonNullable<Written[string]>['commands']>[string]): Command {
  return {
    name,
    file: rule.file,
    args: rule.args ?? [],
    appended: rule.append ?? [],
    env: Object.entries(rule.env ?? {}).map(([variable, value]) => ({ name: variable, value })),
    timeoutMs: rule.timeout ?? 30 * second,
    doneCodes: rule.done ?? [0],
    unknownCodes: rule.unknown ?? [],
  }
}

function programField(references: References) {
  return referenceField(references).transform((path, context) => {
    if (path !== '' && (!path.startsWith('/') || /\p{Cc}/u.test(path))) {
      context.addIssue('must be the absolute path of a program, such as /usr/local/bin/recover')
    }
    return path
  })
}

function argumentField(references: References) {
  return referenceField(references).refine((text) => !text.includes('\0'), 'must not contain a zero byte')
}

const variableField = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable')
  .refine((name) => !name.startsWith('HEPAR_'), 'must not begin with HEPAR_')
