import { join } from 'node:path'
import { type EventView, type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { deliveryAbout, type JournalLine, type Manner, openWard, type Ward } from '../kit/ward.ts'
import { type Courier, createCourier } from './courier.ts'
import { messagesIn, violations } from './violations.ts'

/** One illness, from the outside. */
export interface Case {
  readonly patient: string
  /** The decisions, once the delivery was taken. */
  readonly taken: Promise<readonly { decision: string }[]>
  incident(): Promise<IncidentView | undefined>
  count(type: string): Promise<number>
  /** When the first event of this type happened, in epoch milliseconds. */
  when(type: string): Promise<number>
  /** How its effects ended as far as Hepar knows. */
  effects(): Promise<readonly unknown[]>
  /** What the journal tells, in order. */
  lines(): readonly JournalLine['what'][]
  until(what: JournalLine['what'], times?: number): Promise<unknown>
  /** Waits until Hepar has nothing more to do about it, and says in which state. */
  rest(): Promise<IncidentView>
  resolve(): Promise<unknown>
}

/** A ward, the people on call, and a Hepar of the test's own that looks after it. */
export interface Hospital extends AsyncDisposable {
  readonly ward: Ward
  readonly hepar: Hepar
  readonly oncall: Sink
  /** The patient's real name is made unique; `alertname` chooses the playbook. */
  fallIll(name: string, manner: Manner, alertname?: string): Case
  /** Kills Hepar where it is held and starts it again without the hold. */
  killHeldAt(point: string): Promise<void>
  /** Makes everybody well, lets everything close, and compares Hepar's log with all witnesses. */
  brokenPromises(): Promise<readonly string[]>
}

export interface HospitalSetup {
  /** Playbooks by the alert they answer to; each value goes over the ward's own playbook. */
  readonly playbooks: (ward: Ward) => Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly config?: Readonly<Record<string, unknown>>
  readonly holdable?: boolean
  /** Another program than the shipped one, and what stands in its environment. */
  readonly main?: string
  readonly env?: Readonly<Record<string, string>>
}

export async function openHospital({
  playbooks,
  config = {},
  holdable = false,
  ...more
}: HospitalSetup): Promise<Hospital> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await tempFolder('hospital'))
  const ward = opening.use(await openWard(join(folder.path, 'ward')))
  const oncall = opening.use(await startSink())
  const rules = Object.entries(playbooks(ward)).map(([name, more]) => [`${name}.yaml`, ward.playbook(name, more)])
  const hepar = opening.use(
    await startHepar({
      ...more,
      folder: folder.path,
      holdable,
      plugins: [ward.plugins],
      rules: Object.fromEntries(rules),
      config: {
        docker: { exporter: { enabled: false } },
        notify: { oncall: { url: oncall.url } },
        limits: { probeEvery: '200ms', episodeGap: '0s' },
        ...config,
      },
    }),
  )
  const courier = createCourier(hepar.webhookUrl)
  opening.defer(() => courier.stop())
  const closing = opening.move()
  const parts = { ward, hepar, courier }
  const patients: string[] = []
  return {
    ward,
    hepar,
    oncall,
    fallIll(name, manner, alertname = 'Ill') {
      const patient = `${name}-${patients.length}`
      patients.push(patient)
      return openCase(patient, manner, alertname, parts)
    },
    async killHeldAt(point) {
      await hepar.reached(point)
      await hepar.kill()
      hepar.release(point)
      await hepar.start()
    },
    async brokenPromises() {
      await dischargeAll(patients, parts)
      const incidents = await hepar.incidents()
      const events = await hepar.events()
      return violations({ patients, ward, events, incidents, sent: courier.sent, oncall: oncall.requests })
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

interface Parts {
  readonly ward: Ward
  readonly hepar: Hepar
  readonly courier: Courier
}

function openCase(patient: string, manner: Manner, alertname: string, parts: Parts): Case {
  const { ward, hepar, courier } = parts
  ward.fallIll(patient, manner)
  const taken = courier.send(deliveryAbout(patient, { alertname, startsAt: ward.journal(patient)[0]!.at }))
  // Whoever waits for it hears of a failure; nobody else must.
  taken.catch(() => {})
  const lines = () => ward.journal(patient).map(({ what }) => what)
  const incident = async () => (await hepar.incidents()).find(({ target }) => target === `service/${patient}`)
  const events = async (type: string): Promise<readonly EventView[]> => {
    const own = await incident()
    return own ? (await hepar.events(own.id)).filter((event) => event.type === type) : []
  }
  return {
    patient,
    taken,
    incident,
    lines,
    count: async (type) => (await events(type)).length,
    when: async (type) => Date.parse(String((await events(type))[0]?.at)),
    effects: async () => (await events('attempt.effect_ended')).map(({ body }) => body.effect),
    until: (what, times = 1) =>
      waitFor(() => lines().filter((line) => line === what).length >= times, {
        what: `${what} of ${patient}`,
        deadlineMs: 60_000,
      }),
    rest: () =>
      waitFor(
        async () => {
          const own = await incident()
          if (own && (own.state === 'closed' || own.state === 'handed_over')) return own
          throw new Error(`${own?.state}: ${own?.reason}`)
        },
        { what: `${patient} at rest`, deadlineMs: 90_000 },
      ),
    resolve: () => sendResolved(patient, parts),
  }
}

async function sendResolved(patient: string, { courier }: Parts): Promise<void> {
  const { startsAt, labels } = sentAbout(patient, courier)[0]!.body.alerts[0]!
  const times = { alertname: labels.alertname, startsAt: Date.parse(startsAt), endsAt: Date.now() }
  await courier.send(deliveryAbout(patient, times))
}

function sentAbout(patient: string, courier: Courier) {
  return courier.sent.filter(({ body }) => body.groupLabels.patient === patient)
}

/** Somebody makes the patients well, the alerts resolve, the incidents close, and the last messages leave. */
async function dischargeAll(patients: readonly string[], parts: Parts): Promise<void> {
  const { ward, hepar, courier } = parts
  for (const patient of patients) {
    if (!ward.isWell(patient)) ward.cure(patient)
    const isOver = sentAbout(patient, courier).some(({ body }) => body.status === 'resolved')
    if (!isOver) await sendResolved(patient, parts)
  }
  await hepar.until('all closed', (incidents) => incidents.every(({ state }) => state === 'closed'), 60_000)
  await waitFor(
    async () => {
      const { promised, confirmed } = messagesIn(await hepar.events())
      return confirmed.length >= promised.length
    },
    { what: 'every message sent', deadlineMs: 60_000, everyMs: 200 },
  )
}
