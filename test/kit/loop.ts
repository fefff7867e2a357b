import { type Alertmanager, type AlertmanagerSetup, startAlertmanager } from './alertmanager.ts'
import { type Foreteller, startForeteller } from './foreteller.ts'
import { type Hepar, type HeparSetup, startHepar } from './hepar.ts'
import { type MetricsSource, startMetricsSource } from './metrics-source.ts'
import { type Prometheus, startPrometheus } from './prometheus.ts'
import { type Sink, startSink } from './sink.ts'
import { quickLimits } from './stage.ts'
import { tempFolder } from './temp.ts'
import { type Witness, type WitnessPlaybook, witnessIn, witnessPlaybook, witnessPlugins } from './witness.ts'

/** The loop without Docker: an exporter the test plays → Prometheus → Alertmanager → Hepar → a witness file. */
export interface Loop extends AsyncDisposable {
  readonly hepar: Hepar
  readonly prometheus: Prometheus
  readonly alertmanager: Alertmanager
  readonly foreteller: Foreteller
  readonly exporter: MetricsSource
  readonly witness: Witness
  /** Where `escalate: oncall` goes. */
  readonly oncall: Sink
  /** Whom Alertmanager itself calls, every second while it hears an alert. */
  readonly pager: Sink
  /** Makes a service ill or well as its own metric says. The case selects the playbook. */
  fall(ofCase: string, service: string): void
  recover(ofCase: string, service: string): void
}

export interface LoopSetup extends Partial<HeparSetup> {
  readonly playbooks: readonly WitnessPlaybook[]
  readonly alertmanager?: AlertmanagerSetup
  readonly limits?: Readonly<Record<string, string | number>>
}

const illRule = `
groups:
  - name: services
    interval: 1s
    rules:
      - alert: Ill
        expr: ill == 1
`

export async function startLoop({ playbooks, limits = {}, ...more }: LoopSetup): Promise<Loop> {
  const stack = new AsyncDisposableStack()
  try {
    const folder = stack.use(await tempFolder('loop'))
    const witness = witnessIn(folder.path)
    const oncall = stack.use(await startSink())
    const pager = stack.use(await startSink())
    const exporter = stack.use(await startMetricsSource())
    const foreteller = stack.use(await startForeteller())
    const alertmanager = stack.use(
      await startAlertmanager({
        webhookUrl: foreteller.url,
        repeatInterval: '3s',
        pagerUrl: pager.url,
        ...more.alertmanager,
      }),
    )
    const prometheus = stack.use(
      await startPrometheus({
        alertmanagers: [alertmanager.url],
        rules: illRule,
        scrape: [{ job: 'services', targets: [exporter.target] }],
      }),
    )
    const hepar = stack.use(
      await startHepar({
        folder: folder.path,
        rules: Object.fromEntries(
          playbooks.map((playbook) => [`${playbook.takes}.yaml`, witnessPlaybook(witness.file, playbook)]),
        ),
        plugins: [witnessPlugins],
        ...more,
        config: {
          sources: [{ name: 'main', alertmanagers: [alertmanager.url], prometheus: prometheus.url }],
          docker: { exporter: { enabled: false } },
          notify: { oncall: { url: oncall.url } },
          limits: { ...quickLimits, ...limits },
          ...more.config,
        },
      }),
    )
    foreteller.attach(hepar)
    const closing = stack.move()
    const set = (value: number) => (ofCase: string, service: string) =>
      exporter.set('ill', value, { case: ofCase, name: service })
    return {
      hepar,
      prometheus,
      alertmanager,
      foreteller,
      exporter,
      witness,
      oncall,
      pager,
      fall: set(1),
      recover: set(0),
      [Symbol.asyncDispose]: () => closing.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
