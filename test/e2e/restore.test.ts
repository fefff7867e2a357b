import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Answered, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 240_000 })

const plugins = join(import.meta.dirname, '../fixtures/plugins')

async function setUp() {
  const folder = await tempFolder('restore')
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const traces = folder.file('traces')
  mkdirSync(traces)
  const oncall = await startSink()
  onTestFinished(() => oncall[Symbol.asyncDispose]())
  const playbook = (alertname: string, pause: string, settle: string) => `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: ${alertname} }] }
target: service/{{ labels.name }}
settle: ${settle}
steps:
  - action: touch
    with: { word: "{{ labels.name }}", folder: ${traces}, pause: ${pause} }
    timeout: 60s
  - escalate: oncall
verify: []
for: 0s
within: 5s
limits: { cooldown: 0s, attempts: [50/1h] }
`
  const hepar = await startHepar({
    folder: folder.path,
    plugins: [plugins],
    rules: {
      'quick.yaml': playbook('Quick', '0s', '0s'),
      'slow.yaml': playbook('Slow', '8s', '0s'),
      'settling.yaml': playbook('Settling', '0s', '10s'),
    },
    config: {
      docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } },
      notify: { oncall: { url: oncall.url } },
      limits: { probeEvery: '100ms' },
    },
  })
  onTestFinished(() => hepar[Symbol.asyncDispose]())
  const send = async (alertname: string, ...names: string[]) => {
    const { json } = await hepar.post(writtenDelivery(names.map((name) => writtenAlert({ alertname, name }))))
    return (json as Answered).decisions.map(({ decision }) => decision)
  }
  const lines = (name: 'began' | 'touched') => {
    const file = join(traces, name)
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  }
  return { folder, hepar, oncall, send, lines }
}

const healed = (target: string) => (incidents: readonly { target: string; ending: unknown }[]) =>
  incidents.some((incident) => incident.target === target && incident.ending === 'healed')

/** Sends new alerts until it is told to end; resolves to how many were accepted. */
function underLoad(hepar: Hepar) {
  let ended = false
  const done = (async () => {
    let sent = 0
    for (; !ended; sent += 20) {
      const alerts = Array.from({ length: 20 }, (_, index) =>
        writtenAlert({ alertname: 'Load', name: `n${sent + index}` }),
      )
      expect((await hepar.post(writtenDelivery(alerts))).status).toBe(200)
    }
    return sent
  })()
  return {
    async end() {
      ended = true
      return done
    },
  }
}

test('a backup made under load, restored after a kill: nothing happens twice, a person confirms, and healing goes on', async () => {
  const { folder, hepar, oncall, send, lines } = await setUp()
  const target = folder.file('backup.db')
  const config = ['--config', hepar.configFile]
  await send('Quick', 'early')
  await hepar.until('an early heal', healed('service/early'))
  const load = underLoad(hepar)
  await send('Slow', 'slow')
  await waitFor(() => lines('began').length === 2, { what: 'an effect to be under way' })
  await send('Settling', 'settling')
  const backup = await hepar.cli('backup', target, ...config)
  expect(backup).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/its chain is intact[\s\S]*The audit key is not in it/),
  })
  expect(statSync(target).mode & 0o777).toBe(0o600)
  expect(await hepar.cli('backup', target, ...config)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nothing is overwritten'),
  })
  expect(await load.end()).toBeGreaterThan(0)
  // All of this is forgotten by the backup.
  await hepar.until(
    'the others healed',
    (incidents) => healed('service/settling')(incidents) && healed('service/slow')(incidents),
  )
  await send('Quick', 'late')
  await hepar.until('a late heal', healed('service/late'))
  writeFileSync(folder.file('checkpoint.json'), (await hepar.cli('audit', 'head', '--json')).stdout)
  expect(await hepar.cli('restore', target, ...config)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/in use by another Hepar/),
  })
  await hepar.kill()
  const began = lines('began')
  expect(began).toHaveLength(4)

  const lost = folder.file('lost')
  renameSync(hepar.dataFolder, lost)
  expect(await hepar.cli('restore', target, ...config)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the key of the backup is missing/),
  })
  const key = join(lost, 'audit.key')
  const restored = await hepar.cli('restore', target, '--key', key, '--json', ...config)
  expect(restored.code).toBe(0)
  const { seq } = JSON.parse(restored.stdout) as { seq: number }
  await hepar.start()

  // The alerts are repeated, as Alertmanager does: what was healed meanwhile looks new.
  await send('Settling', 'settling')
  await send('Slow', 'slow')
  await send('Quick', 'late')
  const quiet = await hepar.until(
    'everything to wait or to be with a person',
    (incidents) =>
      incidents.every(({ state, waiting }) => state === 'closed' || state === 'handed_over' || waiting !== null) &&
      incidents.some(({ target }) => target === 'service/late'),
  )
  expect(quiet.find(({ target }) => target === 'service/settling')).toMatchObject({ state: 'handed_over' })
  expect(quiet.find(({ target }) => target === 'service/late')).toMatchObject({ waiting: { gate: 'stop_switch' } })
  await waitFor(() => oncall.requests.length > 0, { what: 'a person to be told' })
  expect((await hepar.cli('unpause')).stderr).toContain('hepar unpause --restored')
  await hepar.stop()
  await hepar.start()
  expect(lines('began')).toEqual(began)
  const [slow] = quiet.filter(({ target }) => target === 'service/slow')
  const attempts = (await hepar.incident(slow!.id)).attempts as { effect: string; outcome: string }[]
  expect(attempts).toMatchObject([{ effect: 'unknown' }])

  await waitFor(async () => (await hepar.cli('unpause', '--restored')).code === 0, {
    what: 'the probes to be over',
    deadlineMs: 60_000,
  })
  await hepar.until('what waited to be healed', healed('service/late'))
  await send('Quick', 'new')
  await hepar.until('what is new to be healed', healed('service/new'))
  // "late" and "new", and nothing of what was open in the backup.
  expect(lines('began')).toHaveLength(began.length + 2)
  const types = (await hepar.events(undefined, seq)).map(({ type }) => type)
  expect(types).toEqual(
    expect.arrayContaining(['store.restored', 'pause.set', 'incident.handed_over', 'pause.cleared']),
  )
  expect(await hepar.cli('audit', 'verify', ...config)).toMatchObject({ code: 0 })
  expect(await hepar.cli('audit', 'verify', '--checkpoint', folder.file('checkpoint.json'), ...config)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('the store was restored from a backup on'),
  })
})

test('a copy that was put in place by hand starts as carefully as a restored one', async () => {
  const { folder, hepar, send, lines } = await setUp()
  await send('Settling', 'web')
  expect(await hepar.cli('backup', folder.file('backup.db'), '--with-key', '--config', hepar.configFile)).toMatchObject(
    { code: 0 },
  )
  await hepar.until('a heal', healed('service/web'))
  await hepar.stop()
  expect(await hepar.cli('backup', folder.file('stopped.db'), '--config', hepar.configFile)).toMatchObject({ code: 0 })
  renameSync(hepar.dataFolder, folder.file('lost'))
  mkdirSync(hepar.dataFolder, { mode: 0o700 })
  cpSync(folder.file('backup.db'), join(hepar.dataFolder, 'hepar.db'))
  cpSync(folder.file('backup.db.key'), join(hepar.dataFolder, 'audit.key'))
  await hepar.start()
  await hepar.until('a person to have it', ([incident]) => incident?.state === 'handed_over')
  expect((await hepar.cli('pause', '--show')).stdout).toContain('the store was restored from a backup')
  expect(lines('began')).toHaveLength(1)
})
