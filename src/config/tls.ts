import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ListenerTls } from '../domain/config.ts'
import { optional, section } from '../files/fields.ts'
import { isReadByOthers } from '../files/ownership.ts'
import type { Report } from '../files/source-file.ts'
import { fileField, type References } from './references.ts'

/** The certificate with which Hepar itself is known, in files that may be renewed while it runs. */
export function listenerTlsField(references: References) {
  return section({
    cert: fileField(references),
    key: fileField(references),
    clientCa: optional(fileField(references)),
  }).transform(({ cert, key, clientCa }): ListenerTls => ({ cert, key, clientCa: clientCa ?? null }))
}

/** Whether the files are what they must be, and belong together: a listener that cannot be used should not be taken over. */
export function checkListenerTls(tls: ListenerTls | undefined, report: Report): void {
  if (tls === undefined) return
  const cert = readCertificate(tls.cert, ['tls', 'cert'], report)
  const key = readKey(tls.key, report)
  if (tls.clientCa !== null) readCertificate(tls.clientCa, ['tls', 'clientCa'], report)
  if (cert !== null && key !== null && !cert.checkPrivateKey(key)) {
    report(['tls', 'key'], `the key in ${tls.key} does not belong to the certificate in ${tls.cert}`)
  }
  if (cert !== null && cert.validToDate.getTime() <= Date.now()) {
    report(['tls', 'cert'], `the certificate in ${tls.cert} expired on ${cert.validTo}`, { severity: 'warning' })
  }
  if (isReadByOthers(tls.key)) {
    report(['tls', 'key'], `everybody on this machine can read ${tls.key}: chmod o-r ${tls.key}`, {
      severity: 'warning',
    })
  }
}

function readCertificate(file: string, path: readonly string[], report: Report): X509Certificate | null {
  return readPem(
    file,
    (pem) => new X509Certificate(pem),
    () => {
      report(path, `there is no certificate in ${file}: it must be PEM, the server's own first`)
    },
  )
}

function readKey(file: string, report: Report): KeyObject | null {
  return readPem(file, createPrivateKey, () => {
    report(['tls', 'key'], `there is no private key in ${file}: it must be PEM, without a passphrase`)
  })
}

/** What the file holds, or `null`; a file that is not there has been reported. */
function readPem<T>(file: string, parse: (pem: Buffer) => T, refuse: () => void): T | null {
  let pem: Buffer
  try {
    pem = readFileSync(file)
  } catch {
    return null
  }
  try {
    return parse(pem)
  } catch {
    refuse()
    return null
  }
}
