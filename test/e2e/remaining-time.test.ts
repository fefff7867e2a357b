import { expect, test } from 'vitest'
import { startAlertmanager } from '../kit/alertmanager.ts'
import { fireIn } from '../kit/fire.ts'
import { startForeteller } from '../kit/foreteller.ts'
import { startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

const waitMs = 20_000

test('settle and cooldown that began before a kill -9 end when they would have ended', async () => {
  await using folder = await tempFolder('remaining')
  await using wellness = await startSink()
  await using foreteller = await startForeteller()
  await using alertmanager = await startAlertmanager()
  const witness = witnessIn(folder.path)
  const verify = [`- http: { url: "${wellness.url}", status: 200 }`]
  const limits = `limits: { cooldown: ${waitMs / 1_000}s, attempts: [9/1h] }\nreopenWithin: 0s`
  await using hepar = await startHepar({
    folder: folder.path,
    plugins: [witnessPlugins],
    rules: {
      'settling.yaml': witnessPlaybook(witness.file, { takes: 'settling', verify, more: `settle: ${waitMs / 1_000}s` }),
      'cooling.yaml': witnessPlaybook(witness.file, { takes: 'cooling', verify, more: limits }),
    },
    config: {
      sources: [{ name: 'main', alertmanagers: [alertmanager.url] }],
      docker: { exporter: { enabled: false } },
      limits: quickLimits,
    },
  })
  foreteller.attach(hepar)
  const tell = async (ofCase: string, id: string) =>
    foreteller.post(await fireIn(alertmanager, { alertname: 'Ill', case: ofCase, name: ofCase, id }))

  await tell('cooling', 'first')
  await hepar.until('healed', (all) => all[0]?.ending === 'healed')
  await tell('cooling', 'second')
  await tell('settling', 'only')
  await hepar.until('one waits', (all) => all.some(({ state }) => state === 'waiting'))
  const due = async (target: string) => {
    const { id } = (await hepar.incidents()).find((one) => one.target === target && one.state !== 'closed')!
    const { incident } = (await hepar.incident(id)) as { incident: { dueAt: string } }
    return Date.parse(incident.dueAt)
  }
  const cooledAt = await due('service/cooling')
  const settledAt = await due('service/settling')
  // Only a part of it passes before, so that a slow start is over before the rest has.
  await waitFor(() => Date.now() > settledAt - 0.75 * waitMs, { what: 'a part of it has passed', deadlineMs: 60_000 })
  await hepar.kill()
  await hepar.start()
  expect(Date.now(), 'this machine is too slow for this test').toBeLessThan(cooledAt)
  await waitFor(
    async () => (await due('service/cooling')) === cooledAt && (await due('service/settling')) === settledAt,
    {
      what: 'both are due when they were',
      deadlineMs: cooledAt - Date.now(),
    },
  )

  const [cooled, settled] = await Promise.all([
    seenAt(() => witness.began('cooling') === 2),
    seenAt(() => witness.began('settling') === 1),
  ])
  expect(cooled).toBeGreaterThanOrEqual(cooledAt)
  expect(settled).toBeGreaterThanOrEqual(settledAt)
  await hepar.until('all healed', (all) => all.every(({ ending }) => ending === 'healed'))
  expect([witness.began('cooling'), witness.began('settling')]).toEqual([2, 1])
  expect(await foreteller.check()).toBeGreaterThanOrEqual(2)
}, 180_000)

async function seenAt(condition: () => boolean): Promise<number> {
  await waitFor(condition, { what: 'the effect', deadlineMs: 90_000, everyMs: 20 })
  return Date.now()
}
