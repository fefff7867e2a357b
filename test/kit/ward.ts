import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { isRunning, startTicksOf } from './process-table.ts'

/** What happens to a patient who is treated; without any of these the treatment ends at once and does not help. */
export interface Manner {
  readonly cures?: boolean
  readonly fails?: boolean
  readonly takesMs?: number
  /** Waits in the middle of the effect for `letGo`; `blocks` does so deaf to everything. */
  readonly waits?: boolean
  readonly blocks?: boolean
  /** Leaves a child in its group and a daemon in a session of its own. */
  readonly forks?: boolean
  /** Then the journal tells of the plan, too. */
  readonly planTakesMs?: number
  /** The plan says "not now". */
  readonly busy?: boolean
}

/** One line of a patient's journal, written by whoever did it at the moment it happened. */
export interface JournalLine {
  /** Epoch milliseconds. */
  readonly at: number
  readonly what: 'ill' | 'well' | 'plan' | 'begin' | 'end' | 'fail' | 'child' | 'overlap' | 'eased' | 'uneased'
  /** The idempotency key of the effect that did it; absent for what the test did. */
  readonly key?: string
  readonly pid?: number
  readonly startTicks?: string
}

/** Patients whose truth lies outside Hepar: in journals that the plugin `treat` and the test write. */
export interface Ward extends AsyncDisposable {
  readonly folder: string
  readonly plugins: string
  /** The playbook's text; `more` replaces or adds top-level keys, `name` is the alert it answers to. */
  playbook(name: string, more?: Readonly<Record<string, unknown>>): string
  fallIll(patient: string, manner: Manner): void
  /** Somebody else than Hepar makes the patient well. */
  cure(patient: string): void
  letGo(patient: string): void
  isWell(patient: string): boolean
  journal(patient: string): readonly JournalLine[]
  /** Keys of the effects that began, in order. */
  begun(patient: string): readonly string[]
  /** Processes that a treatment was or started (before a moment, in epoch milliseconds), and that still live. */
  leftOver(patient: string, before?: number): readonly number[]
}

/** Many patients are past all help, and that must not put anybody off treating the next one. */
const oftenIncurable = { retryAfter: '0s', demoteAfter: 'never' }

/** Opens a ward in a folder of the test's, with a health check per patient: 200 while well, 503 while ill. */
export async function openWard(folder: string): Promise<Ward> {
  mkdirSync(folder, { recursive: true })
  const file = (patient: string, kind: 'journal' | 'manner' | 'go') => join(folder, `${patient}.${kind}`)
  const note = (patient: string, what: JournalLine['what']) =>
    appendFileSync(file(patient, 'journal'), `${JSON.stringify({ at: Date.now(), what })}\n`)
  const journal = (patient: string): readonly JournalLine[] =>
    existsSync(file(patient, 'journal'))
      ? readFileSync(file(patient, 'journal'), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as JournalLine)
      : []
  const isWell = (patient: string) =>
    journal(patient).findLast(({ what }) => what === 'ill' || what === 'well')?.what === 'well'

  const server = createServer((request, response) => {
    response.writeHead(isWell((request.url ?? '').slice(1)) ? 200 : 503).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    folder,
    plugins: resolve(import.meta.dirname, '../fixtures/ward'),
    playbook: (name, { limits = {}, ...more } = {}) =>
      JSON.stringify({
        version: 1,
        summary: 'Treat an ill patient',
        when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: name }] },
        target: 'service/{{ labels.patient }}',
        steps: [{ action: 'treat', with: { ward: folder }, timeout: '30s' }, { escalate: 'oncall' }],
        verify: [{ http: { url: `${url}/{{ labels.patient }}`, status: 200 } }],
        for: '500ms',
        within: '1s',
        limits: { ...oftenIncurable, cooldown: '0s', attempts: ['1000/1h'], maxWait: '5m', ...(limits as object) },
        reopenWithin: '0s',
        ...more,
      }),
    fallIll(patient, manner) {
      writeFileSync(file(patient, 'manner'), JSON.stringify(manner))
      note(patient, 'ill')
    },
    cure: (patient) => note(patient, 'well'),
    letGo: (patient) => writeFileSync(file(patient, 'go'), ''),
    isWell,
    journal,
    begun: (patient) => journal(patient).flatMap(({ what, key }) => (what === 'begin' && key ? [key] : [])),
    leftOver: (patient, before = Number.POSITIVE_INFINITY) =>
      journal(patient).flatMap(({ at, pid, startTicks }) =>
        at < before && pid !== undefined && isRunning(pid) && startTicksOf(pid) === startTicks ? [pid] : [],
      ),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** A delivery about one patient as Alertmanager would send it. Times are epoch milliseconds. */
export function deliveryAbout(
  patient: string,
  { alertname, startsAt, endsAt = null }: { alertname: string; startsAt: number; endsAt?: number | null },
) {
  const status = endsAt === null ? 'firing' : 'resolved'
  const labels = { alertname, patient }
  return {
    version: '4',
    groupKey: `{}:{patient="${patient}"}`,
    truncatedAlerts: 0,
    status,
    receiver: 'hepar',
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://alertmanager.test',
    alerts: [
      {
        status,
        labels,
        annotations: {},
        startsAt: new Date(startsAt).toISOString(),
        endsAt: endsAt === null ? '0001-01-01T00:00:00Z' : new Date(endsAt).toISOString(),
        generatorURL: '',
        fingerprint: fingerprintOf(`${alertname}/${patient}`),
      },
    ],
  }
}

export function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
