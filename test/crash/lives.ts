import type { Hepar } from '../kit/hepar.ts'
import type { Sink, SinkRequest } from '../kit/sink.ts'
import { waitFor } from '../kit/wait.ts'
import { deliveryAbout, type Ward } from '../kit/ward.ts'
import type { Courier } from './courier.ts'
import type { Illness } from './schedule.ts'
import { messagesIn } from './violations.ts'

/** The patients of a run, and what Alertmanager and the people on call do for them meanwhile. */
export interface Lives {
  /** Falls ill when the schedule says so, unless still ill; goes on until the incident has closed. */
  begin(illness: Illness): void
  patients(): readonly string[]
  /** Illnesses that really came. */
  count(): number
  effects(): { readonly effectsBegun: number; readonly effectsCutOff: number }
  /** Resolves when an effect has begun since then, or after `withinMs`. */
  effectSince(at: number, withinMs: number): Promise<void>
  /** What still lives of effects that began before then, in words. */
  survivorsOf(before: number): readonly string[]
  /** Resolves once every illness is over and every incident closed. */
  rest(withinMs: number): Promise<void>
}

const repeatEveryMs = 1_200
const lookEveryMs = 50
const onDutyAfterMs = 300

interface Parts {
  readonly ward: Ward
  readonly oncall: Sink
  readonly hepar: Pick<Hepar, 'incidents' | 'events' | 'until'>
  readonly courier: Pick<Courier, 'send'>
}

export function createLives(parts: Parts): Lives {
  const { ward, hepar } = parts
  const patients = new Set<string>()
  const busy = new Set<string>()
  const lives: Promise<void>[] = []
  let count = 0
  const journals = () => [...patients].flatMap((patient) => ward.journal(patient))

  async function live(illness: Illness): Promise<void> {
    const { patient } = illness
    await passes(illness.delayMs)
    if (busy.has(patient)) return
    busy.add(patient)
    patients.add(patient)
    count += 1
    await endure(illness, parts)
    busy.delete(patient)
  }

  return {
    begin(illness) {
      const life = live(illness)
      // Whoever waits for rest hears of it; until then it must not end the run.
      life.catch(() => {})
      lives.push(life)
    },
    patients: () => [...patients],
    count: () => count,
    effects() {
      const lines = journals()
      const ended = lines.filter(({ what }) => what === 'end' || what === 'fail').length
      const effectsBegun = lines.filter(({ what }) => what === 'begin').length
      return { effectsBegun, effectsCutOff: effectsBegun - ended }
    },
    async effectSince(since, withinMs) {
      const giveUpAt = Date.now() + withinMs
      const begun = () => journals().some(({ what, at }) => what === 'begin' && at >= since)
      while (!begun() && Date.now() < giveUpAt) await passes(20)
    },
    survivorsOf: (before) =>
      [...patients].flatMap((patient) =>
        ward.leftOver(patient, before).map((pid) => `${patient}: process ${pid} outlived its Hepar and the next start`),
      ),
    async rest(withinMs) {
      const tooLate = passes(withinMs).then(() => Promise.reject(new Error(`not at rest within ${withinMs} ms`)))
      await Promise.race([Promise.all(lives), tooLate])
      await hepar.until('all closed', (incidents) => incidents.every(({ state }) => state === 'closed'), withinMs)
      await waitFor(async () => (await unsent(hepar)) === 0, { what: 'every message sent', deadlineMs: 60_000 })
    },
  }
}

/** One illness from its beginning until its incident has closed, with the repeats of an Alertmanager in between. */
async function endure(illness: Illness, parts: Parts): Promise<void> {
  const { patient, alertname, manner } = illness
  const { ward, courier } = parts
  const startsAt = Date.now()
  ward.fallIll(patient, manner)
  const firing = deliveryAbout(patient, { alertname, startsAt })
  for (;;) {
    await courier.send(firing)
    if (await over(patient, startsAt, parts)) break
  }
  const endsAt = Date.now()
  await courier.send(deliveryAbout(patient, { alertname, startsAt, endsAt }))
  await closed(patient, parts)
}

/** Looks at the patient until the next repeat is due; somebody on call makes well whom Hepar handed over. */
async function over(patient: string, startsAt: number, { ward, oncall }: Parts): Promise<boolean> {
  const repeatAt = Date.now() + repeatEveryMs
  while (Date.now() < repeatAt) {
    if (ward.isWell(patient)) return true
    const called = oncall.requests.findLast((request) => request.at > startsAt && isCallTo(patient, request))
    if (called && Date.now() > called.at + onDutyAfterMs) ward.cure(patient)
    await passes(lookEveryMs)
  }
  return false
}

function isCallTo(patient: string, request: SinkRequest): boolean {
  const { event, target } = request.json() as { readonly event: string; readonly target?: string }
  return event === 'incident.handed_over' && target === `service/${patient}`
}

/** Nobody falls ill anew while the incident of the last illness is open, so that each illness is one incident. */
async function closed(patient: string, { hepar }: Parts): Promise<void> {
  await waitFor(
    async () => {
      const own = (await hepar.incidents()).filter(({ target }) => target === `service/${patient}`)
      return own.length > 0 && own.every(({ state }) => state === 'closed')
    },
    { what: `the incident of ${patient} closed`, deadlineMs: 3_600_000, everyMs: 500 },
  )
}

async function unsent(hepar: Pick<Hepar, 'events'>): Promise<number> {
  const { promised, confirmed } = messagesIn(await hepar.events())
  return promised.length - confirmed.length
}

function passes(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // A run that failed must not be kept alive by who was still to fall ill.
    setTimeout(resolve, ms).unref()
  })
}
