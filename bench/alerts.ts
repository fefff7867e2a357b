import { createHash } from 'node:crypto'

/** Which alerts of a delivery match the playbook: every other one, those up to a number, or the one of their service. */
export type Kind = 'half' | 'none' | { readonly services: number } | { readonly illUpTo: number }

/** A firing alert like those of a container exporter, with a fingerprint and a target of its own. */
function alert(number: number, startsAt: string, kind: Kind) {
  const name = `service-${number}`
  return {
    status: 'firing',
    labels: {
      alertname: isIll(number, kind) ? 'ContainerUnhealthy' : 'ContainerRestarting',
      host: 'local',
      instance: '10.0.0.7:9100',
      job: 'containers',
      name,
      region: 'eu-west-1',
      ...(typeof kind === 'object' && 'services' in kind ? { service: `s-${number % kind.services}` } : {}),
      severity: 'critical',
    },
    annotations: { summary: `${name} is unhealthy`, runbook_url: 'https://runbooks.example/containers#unhealthy' },
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph?g0.expr=hepar_container_health_status+%3D%3D+0&g0.tab=1',
    // As scattered as those of Alertmanager, which are hashes, too.
    fingerprint: createHash('sha256').update(name).digest('hex').slice(0, 16),
  }
}

function isIll(number: number, kind: Kind): boolean {
  if (kind === 'none') return false
  if (kind === 'half') return number % 2 === 0
  return 'services' in kind || number < kind.illUpTo
}

/** The body of one delivery, as Alertmanager 0.25 sends it. */
export function deliveryBody(
  from: number,
  count: number,
  kind: Kind = 'half',
  startsAt = new Date().toISOString(),
): string {
  return JSON.stringify({
    receiver: 'hepar',
    status: 'firing',
    alerts: Array.from({ length: count }, (_, index) => alert(from + index, startsAt, kind)),
    groupLabels: {},
    commonLabels: { severity: 'critical' },
    commonAnnotations: {},
    externalURL: 'http://alertmanager:9093',
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
  })
}

/** The playbook that takes them; it waits to settle, so that only intake is measured. */
export const playbookText = `
version: 1
summary: Restart a container whose health check fails
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }
    - { fact: labels, path: $.severity, operator: in, value: [warning, critical] }
target: container/{{ labels.host }}/{{ labels.name }}
settle: 1d
steps: [{ action: container-restart }]
verify: [{ alert: cleared }]
`
