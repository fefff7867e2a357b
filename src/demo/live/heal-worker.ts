import { type Cast, note, quote } from '../cast.ts'
import { mustBe, until } from '../scene.ts'
import type { Place } from './neighbours.ts'
import type { Worker } from './worker.ts'

type LiveCast = Pick<Cast, 'scene' | 'hepar' | 'timeline'> & {
  readonly worker: Worker
  readonly prometheus: Place
  readonly alertmanager: Place
}

const alertname = 'ContainerUnhealthy'

/** From the illness to the resolved alert, each step seen where it happens. */
export async function healWorker(cast: LiveCast): Promise<{ readonly wellMs: number; readonly provenMs: number }> {
  const { scene, hepar, timeline, worker, prometheus, alertmanager } = cast
  const { tell } = scene
  const target = `container/local/${worker.name}`
  tell({
    step: 'act',
    act: 1,
    title: 'a container is healed, through a real Prometheus and a real Alertmanager',
    shows: 'health check, metric, rule, alert, webhook, one restart, proof, and the alert resolved',
    why: 'nothing here is played: it is what a night looks like, in shorter times',
  })
  await worker.becomes('healthy')
  await until(scene, 'Prometheus has scraped it', () => hasSample(scene.signal, prometheus, worker.name))
  mustBe(tell, 'the health that Docker sees, before', await worker.health(), 'healthy')
  const before = await worker.startedAt()
  await worker.dieWithLock()
  const illAt = performance.now()
  const since = () => performance.now() - illAt
  note(scene, 'worker', 'job 17 has died with the lock in its hand: no job goes on, and only a restart empties /jobs')
  await worker.becomes('unhealthy')
  note(scene, 'docker', `${worker.name} is unhealthy`)
  const fired = until(scene, 'Alertmanager has the alert', () => isActive(scene.signal, alertmanager))
  const well = until(scene, 'it is healthy again', async () => {
    return (await worker.startedAt()) > before && (await worker.health()) === 'healthy'
  }).then(() => {
    note(scene, 'docker', `${worker.name} is healthy again`)
    return since()
  })
  const closed = timeline.ended(target, 'healed', { deadlineMs: 150_000 })
  const [wellMs, provenMs] = await Promise.all([
    well,
    closed.then(since),
    fired.then(() => note(scene, 'alert', `${alertname} fires`)),
  ])
  await quote(cast, ['show'], ['plan', 'outcome', 'alert: cleared', 'promql', 'action: container-restart', 'ending'])

  await timeline.until('the resolved alert', ({ type, body }) => {
    return type === 'delivery.received' && ((body.counts as Record<string, number>).resolved ?? 0) > 0
  })
  await until(scene, 'Alertmanager has no alert any more', async () => !(await isActive(scene.signal, alertmanager)))
  note(scene, 'alert', `${alertname} is resolved`)
  mustBe(tell, 'restarts, by the events of Docker', await worker.restarts(), 1)
  mustBe(tell, 'the lock is still there', await worker.isLocked(), false)
  mustBe(tell, 'the health that Docker sees, after', await worker.health(), 'healthy')
  mustBe(tell, 'open incidents of Hepar', await openIncidents(hepar), 0)
  return { wellMs, provenMs }
}

async function hasSample(signal: AbortSignal, { url }: Place, container: string): Promise<boolean> {
  const query = new URLSearchParams({ query: `hepar_container_health_status{name="${container}"} == 1` })
  const answer = await fetch(`${url}/api/v1/query?${query}`, { signal })
  const { data } = (await answer.json()) as { data: { result: readonly unknown[] } }
  return data.result.length > 0
}

async function isActive(signal: AbortSignal, { url }: Place): Promise<boolean> {
  const answer = await fetch(`${url}/api/v2/alerts?active=true`, { signal })
  const alerts = (await answer.json()) as readonly { labels: Readonly<Record<string, string>> }[]
  return alerts.some(({ labels }) => labels.alertname === alertname)
}

async function openIncidents(hepar: Cast['hepar']): Promise<number> {
  const { incidents } = await hepar.get('/api/v1/incidents')
  return (incidents as readonly { state: string }[]).filter(({ state }) => state !== 'closed').length
}
