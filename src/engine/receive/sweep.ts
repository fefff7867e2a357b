import type { AlertRecord } from '../../domain/alert.ts'
import type { Log, Reads } from '../ports.ts'
import type { AcceptPorts } from './accept.ts'
import { askAbout, type ConfirmPorts } from './confirm.ts'

const alertsPerPage = 500

export type SweepPorts = ConfirmPorts & AcceptPorts & { readonly log: Log }

/** Compares the table of active alerts with what the sources know, so that a lost message never stays lost. */
export async function sweep(ports: SweepPorts): Promise<void> {
  for (const source of ports.sources.names()) {
    const listed = await ports.sources.list(source)
    if (!listed.ok) {
      ports.log.debug({ source, reason: listed.reason }, 'a source could not be listed')
      continue
    }
    const active = new Set(listed.alerts.map(({ fingerprint }) => fingerprint))
    await forEachFiring(ports, source, async (page) => {
      await askAbout(
        page.filter(({ fingerprint }) => !active.has(fingerprint)),
        ports,
      )
    })
    await askAbout(await wronglyResolved(source, [...active], ports), ports)
  }
  const configured = new Set(ports.sources.names())
  // Of a source that is not, or no longer, configured nobody can be asked: only their age can end such alerts.
  await forEachFiring(ports, null, async (page) => {
    await askAbout(
      page.filter(({ source }) => !configured.has(source)),
      ports,
    )
  })
}

/** Alerts that the table believes resolved although an Alertmanager lists them as active. */
async function wronglyResolved(
  source: string,
  active: readonly string[],
  { store }: SweepPorts,
): Promise<AlertRecord[]> {
  const resolved: AlertRecord[] = []
  for (let start = 0; start < active.length; start += alertsPerPage) {
    const known = await store.read.alerts(source, active.slice(start, start + alertsPerPage))
    resolved.push(...known.filter(({ status }) => status === 'resolved'))
  }
  return resolved
}

/** Pages through the firing alerts of one source, or of all. */
export async function forEachFiring(
  { store }: Pick<SweepPorts, 'store'>,
  source: string | null,
  visit: (page: readonly AlertRecord[]) => Promise<void>,
): Promise<void> {
  let after: number | null = 0
  while (after !== null) {
    const page: Awaited<ReturnType<Reads['firingAlerts']>> = await store.read.firingAlerts({
      after,
      limit: alertsPerPage,
    })
    const wanted = source === null ? page.records : page.records.filter((record) => record.source === source)
    if (wanted.length > 0) await visit(wanted)
    after = page.next
  }
}
