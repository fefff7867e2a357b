import { type Alertmanager, startAlertmanager } from './alertmanager.ts'
import { startDocker, type TestDocker } from './docker.ts'
import { uniqueName } from './docker-container.ts'
import { type Foreteller, startForeteller } from './foreteller.ts'
import { type Hepar, type HeparSetup, startHepar } from './hepar.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { type Sink, startSink } from './sink.ts'
import { tempFolder } from './temp.ts'

/** The whole loop on real parts: containers → Hepar's exporter → Prometheus → Alertmanager → Hepar → Docker. */
export interface Stage extends AsyncDisposable {
  readonly docker: TestDocker
  readonly hepar: Hepar
  readonly prometheus: Prometheus
  readonly alertmanager: Alertmanager
  readonly foreteller: Foreteller
  /** Where `escalate: oncall` goes. */
  readonly oncall: Sink
}

/** The shipped playbook's shape with times for a test: quick to hold, quick to give up, and a human at the end. */
export const quickPlaybook = `
version: 1
summary: Restart a container whose health check fails
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: ContainerUnhealthy }
target: container/{{ labels.host }}/{{ labels.name }}
steps:
  - action: container-restart
    with: { grace: 1s }
    timeout: 30s
  - escalate: oncall
verify:
  - alert: cleared
  - promql: hepar_container_health_status{host="{{ labels.host }}", name="{{ labels.name }}"} == 1
for: 2s
within: 25s
limits: { cooldown: 1s, attempts: [50/1h], maxWait: 5m }
reopenWithin: 10m
`

/** The shipped alert, evaluated every second and without a waiting time. */
export const quickRules = `
groups:
  - name: containers
    interval: 1s
    rules:
      - alert: ContainerUnhealthy
        expr: hepar_container_health_status == 0
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.name }} is unhealthy" }
`

export const quickLimits = { probeEvery: '500ms', reconcileEvery: '3s', episodeGap: '1s' }

export async function startStage(more: Partial<HeparSetup> & { readonly rulesYaml?: string } = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack()
  try {
    const prefix = uniqueName('stage')
    const docker = namedAfter(prefix, await startDocker())
    stack.defer(() => docker.close())
    const folder = stack.use(await tempFolder('stage'))
    const oncall = stack.use(await startSink())
    const foreteller = stack.use(await startForeteller())
    const alertmanager = stack.use(
      await startAlertmanager({
        webhookUrl: foreteller.url,
        groupBy: ['...'],
        groupWait: '0s',
        groupInterval: '1s',
        repeatInterval: '5s',
      }),
    )
    const prometheus = stack.use(
      await startPrometheus({ alertmanagers: [alertmanager.url], rules: more.rulesYaml ?? quickRules }),
    )
    const hepar = stack.use(
      await startHepar({
        folder: folder.path,
        rules: { 'container-unhealthy.yaml': quickPlaybook },
        ...more,
        config: {
          sources: [{ name: 'main', alertmanagers: [alertmanager.url], prometheus: prometheus.url }],
          docker: {
            hosts: { local: { socket: docker.socket } },
            allow: [`local/${prefix}-hepar-test-*`],
            exporter: { include: [`local/${prefix}-*`] },
          },
          notify: { oncall: { url: oncall.url } },
          limits: quickLimits,
          ...more.config,
        },
      }),
    )
    foreteller.attach(hepar)
    await prometheus.reload({ scrape: [{ job: 'hepar', targets: [new URL(hepar.url).host] }] })
    const closing = stack.move()
    return {
      docker,
      hepar,
      prometheus,
      alertmanager,
      foreteller,
      oncall,
      [Symbol.asyncDispose]: () => closing.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** The engine is shared with other tests, so a stage sees and heals only what it has named itself. */
function namedAfter(prefix: string, docker: TestDocker): TestDocker {
  return {
    ...docker,
    runContainer: (wish = {}) => docker.runContainer({ ...wish, name: `${prefix}-${wish.name ?? uniqueName()}` }),
  }
}
