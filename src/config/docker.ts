import * as z from 'zod'
import { countField, nameField, optional, section, textField } from '../files/fields.ts'
import { urlField } from './peer.ts'
import { fileField, type References, referenceField } from './references.ts'

const containerGlob = z
  .string()
  .max(300)
  .regex(/^[^/\s]+\/[^/\s]+$/, 'must look like host/container, such as local/web-*')

export function dockerField(references: References) {
  return section({
    hosts: optional(z.record(nameField, hostField(references))),
    hostLabel: optional(textField(200)),
    allow: optional(z.array(containerGlob)),
    protect: optional(z.array(containerGlob)),
    exporter: optional(
      section({
        enabled: optional(z.boolean()),
        containersMax: optional(countField(1, 100_000)),
        include: optional(z.array(containerGlob)),
      }),
    ),
  })
}

function hostField(references: References) {
  return section({
    socket: optional(referenceField(references)),
    url: optional(urlField(references, 'base')),
    tls: optional(section({ ca: fileField(references), cert: fileField(references), key: fileField(references) })),
    labelValues: optional(z.array(textField(1000))),
  }).transform(({ socket, url, tls, labelValues }, context) => {
    if ((socket === undefined) === (url === undefined)) context.addIssue('needs either socket or url')
    if (tls && !url?.startsWith('https:')) {
      context.addIssue({ code: 'custom', path: ['tls'], message: 'needs an https:// url' })
    }
    const host = { url: url ?? null, tls: tls ?? null, labelValues: labelValues ?? [] }
    return { ...host, socket: socket === undefined ? null : references.path(socket) }
  })
}
