import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts'
import { placeIn, sampleEvent, silent } from '../adapters/store/samples.ts'
import { openToTamper } from '../adapters/store/tampering.ts'
import { startHepar } from '../kit/hepar.ts'
import { day } from '../kit/pruning.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Two years of events, one each six hours, in the data folder of a Hepar that is about to start. */
async function twoYears(data: string): Promise<void> {
  mkdirSync(data, { mode: 0o700 })
  const clock = { now: () => Date.now() }
  const store = await openSqliteStore({ ...placeIn(data), clock, log: silent })
  const begin = Date.now() - 730 * day
  const events = Array.from({ length: 2_920 }, (_, index) =>
    sampleEvent({ at: begin + index * (day / 4), body: { index } }),
  )
  await store.transaction('fill', (tx) => tx.append(events))
  await store.close()
}

test('the real process prunes two years down to its age, through a kill, and what is tampered with afterwards is found', async () => {
  const folder = await tempFolder('retention')
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const data = folder.file('data')
  await twoYears(data)
  const hepar = await startHepar({
    folder: folder.path,
    holdable: true,
    unready: true,
    config: { retention: { audit: '90d' }, docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } } },
  })
  onTestFinished(() => hepar[Symbol.asyncDispose]())
  hepar.hold('commit:before:prune')
  const verify = (...more: string[]) => hepar.cli('audit', 'verify', '--config', hepar.configFile, ...more)
  await hepar.reached('commit:before:prune')
  await hepar.kill()
  expect(await verify()).toMatchObject({ code: 0 })
  hepar.release('commit:before:prune')
  await hepar.start()
  const metric = async (name: string) =>
    Number(
      (await (await fetch(`${hepar.url}/metrics`)).text())
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    )
  await waitFor(
    async () => (await metric('hepar_audit_oldest_event_timestamp_seconds')) > Date.now() / 1_000 - 90.5 * 86_400,
    {
      what: 'the oldest event to be 90 days old',
      deadlineMs: 120_000,
    },
  )
  expect(await metric('hepar_retention_pruned_total{what="events"}')).toBeGreaterThan(1_000)
  expect(await metric('hepar_store_bytes')).toBeGreaterThan(0)
  expect(await verify()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/25\d\d events up to 25\d\d were pruned, last by the rule of age on/),
  })
  writeFileSync(folder.file('head.json'), (await hepar.cli('audit', 'head', '--json')).stdout)
  await hepar.stop()
  expect(await verify('--checkpoint', folder.file('head.json'))).toMatchObject({ code: 0 })
  const exported = await hepar.cli('audit', 'export', '--config', hepar.configFile)
  expect(exported.stdout.split('\n')[0]).toMatch(/^\{"seq":25\d\d,/)
  const db = openToTamper(join(data, 'hepar.db'))
  db.exec('delete from audit where seq < 2600')
  db.close()
  expect(await verify()).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/NOT intact: .*no pruning accounts for it/),
  })
})
