import * as z from 'zod'
import { roles, type Token } from '../domain/config.ts'
import { modes } from '../domain/playbook.ts'
import { hashedPrefix } from '../domain/token.ts'
import { nameField, optional, section, wordField } from '../files/fields.ts'
import { parseAddress, parseStore } from './addresses.ts'
import { channelField } from './channels.ts'
import { dockerField } from './docker.ts'
import { httpField } from './http.ts'
import { limitsField } from './limits.ts'
import { maintenanceField } from './maintenance.ts'
import { pathsField } from './paths.ts'
import { peerField, urlField } from './peer.ts'
import { pinsField } from './pins.ts'
import { redisField } from './redis.ts'
import { fileField, type References, referenceField, secretField } from './references.ts'
import { retentionField } from './retention.ts'
import { servicesField } from './services.ts'
import { listenerTlsField } from './tls.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** The top-level keys of `hepar.yaml`, each with the schema of its value. */
export function sections(references: References) {
  return {
    listen: optional(addressField(references)),
    externalUrl: optional(urlField(references, 'base')),
    tls: optional(listenerTlsField(references)),
    store: optional(storeField(references)),
    mode: optional(wordField(modes)),
    rules: optional(foldersField(references)),
    plugins: optional(foldersField(references)),
    pins: optional(pinsField),
    watch: optional(z.boolean()),
    sources: optional(z.array(sourceField(references))),
    docker: optional(dockerField(references)),
    redis: optional(redisField(references)),
    paths: optional(pathsField(references)),
    services: optional(servicesField(references)),
    http: optional(httpField(references)),
    auth: optional(section({ tokens: optional(z.array(tokenField(references))) })),
    notify: optional(z.record(nameField, channelField(references))),
    announce: optional(z.array(nameField)),
    maintenance: optional(maintenanceField),
    approval: optional(section({ fourEyes: optional(z.boolean()) })),
    policies: optional(z.record(nameField, peerField(references, 'whole'))),
    limits: optional(limitsField),
    retention: optional(retentionField),
    log: optional(section({ level: optional(wordField(logLevels)) })),
  }
}

export type Sections = ReturnType<typeof sections>

function addressField(references: References) {
  return referenceField(references).transform((text, context) => {
    const address = parseAddress(text)
    if (!address && text !== '') context.addIssue('must be an address such as 127.0.0.1:4372 or [::1]:4372')
    return address ?? { host: '', port: 0 }
  })
}

function storeField(references: References) {
  return referenceField(references).transform((text, context) => {
    const reading = parseStore(text)
    if (reading.ok) return references.path(reading.path)
    if (text !== '') context.addIssue(reading.reason)
    return ''
  })
}

function foldersField(references: References) {
  const list = z.array(fileField(references, 'folder')).min(1, 'must name at least one folder')
  return z.preprocess((value) => (typeof value === 'string' ? [value] : value), list).meta({ shorthand: 'string' })
}

function sourceField(references: References) {
  return section({
    name: nameField,
    alertmanagers: optional(z.array(peerField(references, 'base'))),
    prometheus: optional(peerField(references, 'base')),
  })
}

function tokenField(references: References) {
  return section({
    name: nameField,
    role: wordField(roles),
    token: secretField(references),
    expires: optional(timeField),
  }).transform(({ name, role, token, expires }, context): Token => {
    const written = token.reveal()
    if (written.startsWith(hashedPrefix) && !/^sha256:[0-9a-f]{64}$/.test(written)) {
      context.addIssue({
        code: 'custom',
        path: ['token'],
        message: 'must be sha256: and 64 hex digits in small letters',
      })
    }
    return { name, role, token, ...(expires !== undefined && { expiresAt: expires }) }
  })
}

const timeField = z
  .string()
  .transform((text, context) => {
    const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(at)) context.addIssue('must be a time such as 2030-01-31 or 2030-01-31T12:00:00Z')
    return at
  })
  .meta({ type: 'string', description: 'A time such as 2030-01-31 (0:00 UTC) or 2030-01-31T12:00:00Z.' })
