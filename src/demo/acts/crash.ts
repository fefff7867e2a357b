import { type Cast, deliver, note, quote } from '../cast.ts'
import { freshDelivery } from '../delivery.ts'
import { DemoFailure } from '../failure.ts'
import { mustBe } from '../scene.ts'

const target = 'service/shop'

/** Hepar is killed while its effect is under way. */
export async function crash(cast: Cast): Promise<void> {
  const { scene, patient, hepar, timeline } = cast
  const { tell } = scene
  tell({
    step: 'act',
    act: 4,
    title: 'kill -9 in the middle of an effect',
    shows: 'after the restart the outcome is unknown: the patient is asked how it is, and the effect is not repeated',
    why: 'who repeats what may have happened does harm twice; who forgets it leaves somebody ill',
  })
  patient.damageIndex()
  mustBe(tell, 'the patient, ill', (await patient.health()).words, '500, the index knows 16 of 32 records')
  const begun = Promise.withResolvers<void>()
  patient.onRebuild(begun.resolve)
  const labels = { alertname: 'IndexDamaged', service: 'shop', severity: 'critical' }
  await deliver(cast, freshDelivery(labels, 'The index of shop lacks records', new Date()))
  await Promise.race([begun.promise, failedFirst(cast)])
  await timeline.until('the intent', (event) => event.type === 'attempt.intended' && event.target === target)
  note(scene, 'patient', 'POST /rebuild has come in, and is worked on')
  const pid = hepar.pid()
  await hepar.kill()
  note(scene, 'demo', `kill -9 ${pid}: Hepar is dead`)
  mustBe(tell, 'rebuilds begun and not ended at that moment', openRebuilds(cast), 1)

  await hepar.start()
  note(scene, 'hepar', `started again, pid ${hepar.pid()}`)
  await timeline.ended(target, 'healed')
  await quote(cast, ['show'], ['effect', 'detail', 'outcome', 'http', 'ending', 'reason'])
  const { begun: all, ended } = patient.rebuilds()
  mustBe(tell, 'rebuilds that the patient was asked for', all.length, 1)
  mustBe(tell, 'rebuilds that it has done', ended.length, 1)
  mustBe(tell, 'the patient, after', (await patient.health()).words, '200')
  const outcome = timeline.seen.findLast((event) => event.type === 'attempt.concluded' && event.target === target)
  mustBe(tell, 'outcome of the attempt in the log', String(outcome?.body.outcome), 'unknown')
}

function openRebuilds({ patient }: Cast): number {
  const { begun, ended } = patient.rebuilds()
  return begun.length - ended.length
}

/** Never resolves; rejects when the incident ends before its effect has begun. */
async function failedFirst({ timeline }: Cast): Promise<never> {
  const { type, body } = await timeline.until('the effect', (event) => {
    return event.target === target && ['incident.closed', 'incident.handed_over'].includes(event.type)
  })
  throw new DemoFailure(`the request was never sent: ${type}, ${body.reason}`)
}
