import { describe, expect, test } from 'vitest'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { simulate, theIncident } from './simulate.ts'

const hour = 3_600_000
const back = 5 * hour

/** A simulation on whose clock there is room to be set back. */
async function ahead(wish: Parameters<typeof simulate>[0] = {}) {
  const simulation = await simulate(wish)
  simulation.pass(100 * hour)
  return { simulation, web: simulation.patients.get('web')! }
}

/** Time passes, and the process looks every second. */
async function live(simulation: Simulation, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    simulation.pass(1_000)
    await simulation.settle()
  }
}

describe('a clock that is set back by hours', () => {
  test.each([false, true])('while an effect is verified holds nothing up (while Hepar is down: %s)', async (down) => {
    const { simulation, web } = await ahead()
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    expect((await theIncident(simulation)).state).toBe('verifying')
    simulation.pass(-back)
    if (down) {
      await simulation.restart()
      const started = { type: 'engine.started', at: simulation.now(), actor: 'engine', body: {} } as const
      await simulation.store.transaction('test', (tx) => tx.append([started]))
    }
    await live(simulation, 30_000)
    expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(web.restarts).toHaveLength(1)
  })

  test('leaves an effect that does not help no longer than its window', async () => {
    const { simulation } = await ahead({ patients: [somePatient('web', false)] })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    simulation.pass(-back)
    await live(simulation, 130_000)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
  })

  test('hands what waits over after its own time, and the message leaves at once', async () => {
    const { simulation } = await ahead()
    await setPause({ reason: 'drill', until: null }, 'ada', simulation.ports)
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    simulation.pass(-back)
    await live(simulation, somePlaybook().limits.maxWaitMs + 2_000)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    simulation.pass(-back)
    await simulation.settle()
    const due = await simulation.store.read.outboxDue(simulation.now(), 4)
    expect(due.map(({ body }) => body.event)).toEqual(['incident.handed_over'])
  })

  test('hides no new illness of what was healed in the time ahead', async () => {
    const { simulation, web } = await ahead({ playbook: { reopenWithinMs: 0 } })
    // Those who tell of it have the right time.
    const tell = (status: 'firing' | 'resolved', at: number) => {
      const endsAt = status === 'resolved' ? at + 1 : null
      const delivery = someDelivery([patientAlert('web', { status, startsAt: at, endsAt })])
      return receive(delivery, 'webhook', simulation.ports)
    }
    await tell('firing', simulation.now() - back)
    await live(simulation, 30_000)
    expect(await theIncident(simulation)).toMatchObject({ ending: 'healed' })
    simulation.pass(60_000 - back)
    await simulation.settle()
    await live(simulation, 1_000)
    web.ill = true
    const { decisions } = await tell('firing', simulation.now())
    expect(decisions).toMatchObject([{ decision: 'matched' }])
  })
})
