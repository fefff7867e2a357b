import { type Cast, deliver, quote, saveDelivery } from '../cast.ts'
import type { Delivery } from '../delivery.ts'
import { mustBe } from '../scene.ts'
import { targetOf } from './heal.ts'

export const bait = 'left-behind-later'

/** The very same request once more. */
export async function repeat(cast: Cast, delivery: Delivery): Promise<void> {
  const { scene, patient, timeline } = cast
  const { tell } = scene
  tell({
    step: 'act',
    act: 2,
    title: 'the same alert again',
    shows:
      'the same request is a duplicate. An old file put there meanwhile would be removed by a second effect, and stays',
    why: 'Alertmanager sends what fires again and again, and from each of its replicas; an illness gets its effects once',
  })
  patient.leaveOldFile(bait)
  const file = saveDelivery(cast, 'same-alert.json', delivery)
  await quote(cast, ['explain', file], ['decision', 'reason'])
  mustBe(tell, 'what Hepar makes of it', await deliver(cast, delivery), 'duplicate')
  await timeline.until('the duplicate', ({ type, body }) => {
    return type === 'delivery.received' && (body.counts as Record<string, number>).duplicate === 1
  })
  mustBe(tell, 'attempts in the log', timeline.count('attempt.intended', targetOf(cast)), 1)
  mustBe(tell, 'files in the folder', patient.tempFiles().join(' '), `${bait} session-under-way`)
}
