import { openDocker } from '../../sdk/container-engine.ts'
import { note } from '../cast.ts'
import { closeLog } from '../close-log.ts'
import { startHepar } from '../hepar.ts'
import type { Scene } from '../scene.ts'
import { followLog } from '../timeline.ts'
import { healWorker } from './heal-worker.ts'
import { busyboxImage } from './image.ts'
import { liveFiles, liveRules } from './live-files.ts'
import { findNeeds } from './needs.ts'
import { freePlace, startAlertmanager, startPrometheus } from './neighbours.ts'
import { startOwnEngine } from './own-engine.ts'
import { startWorker } from './worker.ts'

/** The demo on real parts: a container, Hepar's metrics about it, Prometheus, Alertmanager, Hepar, Docker. */
export async function liveDemo(scene: Scene): Promise<void> {
  const { tell } = scene
  const needs = await findNeeds(scene.signal)
  const engine = 'dockerd' in needs.engine ? await startOwnEngine(needs.engine.dockerd, scene) : needs.engine
  note(scene, 'docker', `engine at ${engine.words}${engine === needs.engine ? '' : ', started for this demo'}`)
  const docker = openDocker(engine.connection)
  const worker = await startWorker(docker, await busyboxImage(docker, needs.busybox, scene), scene)
  note(scene, 'docker', `container ${worker.name} is started`)

  const [hepar, prometheus, alertmanager] = [await freePlace(), await freePlace(), await freePlace()]
  const files = liveFiles({ engine, container: worker.name, prometheus, alertmanager })
  const healer = await startHepar(scene, files, hepar.host)
  await Promise.all([
    startAlertmanager(needs.alertmanager, { at: alertmanager, hepar, tokenFile: healer.webhookTokenFile }, scene),
    startPrometheus(
      needs.prometheus,
      { at: prometheus, hepar, tokenFile: healer.viewerTokenFile, alertmanager, rules: liveRules() },
      scene,
    ),
  ])
  note(scene, 'prom', `Prometheus at ${prometheus.url}, Alertmanager at ${alertmanager.url}`)
  note(scene, 'hepar', `ready at ${hepar.url}, pid ${healer.pid()}`)
  const timeline = followLog(scene, healer)

  const healed = await healWorker({ scene, hepar: healer, timeline, worker, prometheus, alertmanager })
  const verified = await closeLog(scene, healer, null)
  tell({
    step: 'summary',
    lines: [
      ['recovery', `healthy ${seconds(healed.wellMs)} after it fell ill, proven after ${seconds(healed.provenMs)}`],
      ['effects', '1 restart, by the events of Docker'],
      ['audit verify', verified],
    ],
  })
  tell({
    step: 'next',
    lines: [
      ['README.md', '"Start it": your own containers, and from observe to auto'],
      ['dashboards/', 'what all this looks like in Grafana'],
    ],
  })
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
