import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crash } from './acts/crash.ts'
import { heal } from './acts/heal.ts'
import { outside } from './acts/outside.ts'
import { bait, repeat } from './acts/repeat.ts'
import { type Cast, note } from './cast.ts'
import { closeLog } from './close-log.ts'
import { startHepar } from './hepar.ts'
import { startPatient } from './patient.ts'
import { quickFiles } from './quick-files.ts'
import { mustBe, type Scene } from './scene.ts'
import { followLog } from './timeline.ts'

/** The demo that needs nothing but Node: four acts with a patient of its own. */
export async function quickDemo(scene: Scene): Promise<void> {
  const { tell } = scene
  const patient = await startPatient(scene)
  note(scene, 'patient', `shop, a little service at ${patient.url}, pid ${patient.pid()}`)
  const hepar = await startHepar(scene, quickFiles(patient))
  note(scene, 'hepar', `ready at ${hepar.url()}, pid ${hepar.pid()}`)
  const cast: Cast = { scene, patient, hepar, timeline: followLog(scene, hepar) }

  const healed = await heal(cast)
  await repeat(cast, healed.delivery)
  const untouched = await outside(cast)
  const checkpoint = join(hepar.home, 'checkpoint.json')
  writeFileSync(checkpoint, (await hepar.cli('audit', 'head', '--json')).lines.join('\n'))
  await crash(cast)

  tell({
    step: 'curtain',
    title: 'In the end',
    text: 'What was proven is still so, and the log of it all is whole',
  })
  mustBe(tell, 'files in the folder of the patient', patient.tempFiles().join(' '), `${bait} session-under-way`)
  untouched()
  mustBe(tell, 'the patient', (await patient.health()).words, '200')
  const verified = await closeLog(scene, hepar, checkpoint)
  tell({
    step: 'summary',
    lines: [
      [
        'recovery',
        `well ${seconds(healed.wellMs)} after the alert, proven to stay so after ${seconds(healed.provenMs)}`,
      ],
      ['effects', '2 illnesses, 2 effects, though an alert came twice and Hepar was killed at work'],
      ['refused', '1 alert that led outside the allow-list'],
      ['audit verify', verified],
    ],
  })
  tell({
    step: 'next',
    lines: [
      ['README.md', '"Start it": with Prometheus, Alertmanager and a container of yours'],
      ['npm run demo -- --live', 'a container, healed through a real Prometheus and a real Alertmanager'],
      ['dashboards/', 'what all this looks like in Grafana'],
    ],
  })
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
