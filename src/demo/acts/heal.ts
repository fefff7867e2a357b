import { type Cast, deliver, note } from '../cast.ts'
import { type Delivery, freshDelivery } from '../delivery.ts'
import { mustBe, until } from '../scene.ts'

export interface Healed {
  readonly delivery: Delivery
  /** From the alert until the patient said that it was well, and until Hepar had seen that it stays so. */
  readonly wellMs: number
  readonly provenMs: number
}

/** An illness, one alert, one effect, and the patient's own word that it helped. */
export async function heal(cast: Cast): Promise<Healed> {
  const { scene, patient, hepar, timeline } = cast
  const { tell } = scene
  tell({
    step: 'act',
    act: 1,
    title: 'an over-full folder is healed',
    shows: 'one alert, one effect, and a proof: the health check of the patient itself, twice, two seconds apart',
    why: 'that an alert is gone, or a command ended with 0, does not mean that anything is well',
  })
  mustBe(tell, 'the patient, before', (await patient.health()).words, '200')
  patient.overfill()
  note(scene, 'patient', 'dead jobs have left 40 files of 3 hours ago in its temporary folder; a session is under way')
  const ill = await patient.health()
  mustBe(tell, 'the patient, ill', ill.words, '500, temp holds 10.0 MiB, and may hold 8.0 MiB')

  const labels = { alertname: 'TempFolderFull', host: 'local', path: patient.temp, severity: 'warning' }
  const delivery = freshDelivery(labels, 'The temporary folder of shop is too full', new Date())
  const stranger = await hepar.deliver(delivery, { token: false })
  mustBe(tell, 'a webhook request without a token', stranger.status, 401)
  const alertAt = performance.now()
  await deliver(cast, delivery)
  const [wellMs] = await Promise.all([wellAgain(cast, alertAt), timeline.ended(targetOf(cast), 'healed')])
  const provenMs = performance.now() - alertAt

  mustBe(tell, 'files in the folder, after', patient.tempFiles().join(' '), 'session-under-way')
  mustBe(tell, 'the patient, after', (await patient.health()).words, '200')
  mustBe(tell, 'attempts in the log', timeline.count('attempt.intended', targetOf(cast)), 1)
  return { delivery, wellMs, provenMs }
}

/** Hepar's name for the folder of the patient. */
export function targetOf({ patient }: Pick<Cast, 'patient'>): string {
  return `path/local${patient.temp}`
}

async function wellAgain({ scene, patient, timeline }: Cast, sinceMs: number): Promise<number> {
  const over = () => timeline.seen.some(({ type }) => type === 'incident.closed' || type === 'incident.handed_over')
  const health = await until(scene, 'the patient answers 200', async () => {
    const { status, words } = await patient.health()
    return status === 200 || over() ? words : null
  })
  const ms = performance.now() - sinceMs
  // Told after what led to it, of which the log is read a moment later.
  await timeline.until('the effect', ({ type }) => type === 'attempt.effect_ended' || over())
  note(scene, 'patient', `GET /health: ${health}, ${(ms / 1_000).toFixed(1)} s after the alert`)
  return ms
}
