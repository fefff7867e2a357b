import { expect, test } from 'vitest'
import { toldTo } from '../kit/sink.ts'
import { startStage } from '../kit/stage.ts'
import { waitFor } from '../kit/wait.ts'

test('an unhealthy container is restarted once and proven healed', async () => {
  await using stage = await startStage()
  const { docker, hepar, foreteller, oncall } = stage
  const witness = await docker.witness()
  const container = await docker.runContainer({ health: 'heals' })
  await container.until('it is healthy', (seen) => seen.State.Health?.Status === 'healthy')
  const before = await container.inspect()
  await container.makeIll()
  await hepar.until('healed', (incidents) => incidents.some(({ ending }) => ending === 'healed'))
  await witness.settle()
  const after = await container.inspect()
  expect(witness.count(container.id, 'restart')).toBe(1)
  expect(Date.parse(after.State.StartedAt)).toBeGreaterThan(Date.parse(before.State.StartedAt))
  expect(after.State.Health?.Status).toBe('healthy')
  const [incident] = await hepar.incidents()
  expect(incident).toMatchObject({ target: `container/local/${container.name}`, state: 'closed', ending: 'healed' })
  expect(oncall.requests).toHaveLength(0)
  expect(await foreteller.check()).toBeGreaterThan(0)
  const verified = await hepar.cli('audit', 'verify', '--config', hepar.configFile)
  expect(verified).toMatchObject({ code: 0 })
}, 180_000)

test('a container that a restart does not heal climbs the ladder and is handed over once', async () => {
  await using stage = await startStage()
  const { docker, hepar, foreteller, oncall } = stage
  const witness = await docker.witness()
  const container = await docker.runContainer({ health: 'stays_ill' })
  await container.until('it is healthy', (seen) => seen.State.Health?.Status === 'healthy')
  await container.makeIll()
  await hepar.until('handed over', (incidents) => incidents.some(({ state }) => state === 'handed_over'))
  await waitFor(() => oncall.requests.length > 0, { what: 'the escalation', deadlineMs: 30_000 })
  const [incident] = await hepar.incidents()
  const events = await hepar.events(incident!.id)
  const outcomes = events.filter(({ type }) => type === 'attempt.concluded').map(({ body }) => body.outcome)
  // On a machine too busy to begin within two seconds of the intent, an attempt is called off before it touches anything.
  expect(outcomes.filter((outcome) => outcome !== 'cancelled')).toEqual(['ineffective'])
  await container.remove()
  await hepar.until('closed', ([only]) => only?.state === 'closed')
  await witness.settle()
  expect(witness.count(container.id, 'restart')).toBe(1)
  await waitFor(() => toldTo(oncall).includes('incident.closed'), { what: 'the end to be told', deadlineMs: 30_000 })
  expect(toldTo(oncall)).toEqual(['incident.handed_over', 'incident.closed'])
  expect(oncall.requests[0]!.json()).toMatchObject({ incident: incident!.id, target: incident!.target })
  const [closed] = await hepar.incidents()
  expect(closed).toMatchObject({ id: incident!.id, ending: 'escalated' })
  expect(await foreteller.check()).toBeGreaterThan(0)
}, 180_000)
