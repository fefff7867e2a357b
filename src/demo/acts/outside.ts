import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cast, deliver, note, quote } from '../cast.ts'
import { freshDelivery } from '../delivery.ts'
import { mustBe } from '../scene.ts'

/** An alert whose labels lead where nothing may be touched. Gives what looks whether it was. */
export async function outside(cast: Cast): Promise<() => void> {
  const { scene, timeline } = cast
  const { tell } = scene
  tell({
    step: 'act',
    act: 3,
    title: 'a target outside the allow-list',
    shows: 'an alert names another folder. It is refused, with the reason, and nothing in that folder is touched',
    why: 'labels come from outside; what may be touched is decided by the configuration alone',
  })
  const folder = join(scene.folder, 'family-photos')
  const photos = ['grandmother.jpg', 'wedding.jpg']
  mkdirSync(folder)
  for (const name of photos) {
    const file = join(folder, name)
    writeFileSync(file, 'dear to somebody')
    utimesSync(file, 0, 0)
  }
  note(scene, 'alert', `TempFolderFull with path="${folder}"`)
  const labels = { alertname: 'TempFolderFull', host: 'local', path: folder, severity: 'warning' }
  await deliver(cast, freshDelivery(labels, 'Somebody says that this folder is too full', new Date()))
  await timeline.ended(`path/local${folder}`, 'refused')
  await quote(cast, ['show'], ['target', 'ending', 'gate', 'reason', 'unblock'])
  const untouched = () => mustBe(tell, 'files in family-photos', readdirSync(folder).sort().join(' '), photos.join(' '))
  untouched()
  mustBe(tell, 'attempts in the log', timeline.count('attempt.intended', `path/local${folder}`), 0)
  return untouched
}
