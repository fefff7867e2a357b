// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { closeSync, existsSync, openSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { IncidentView } from '../kit/hepar.ts'
import { type Loop, startLoop } from '../kit/loop.ts'
import { type MetricsSource, startMetricsSource } from '../kit/metrics-source.ts'
import { mountSmallDisk, type SmallDisk } from '../kit/small-disk.ts'
import { quickLimits } from '../kit/stage.ts'
import { type StandInSystemctl, standInSystemctl } from '../kit/stand-in-systemctl.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const root = resolve(import.meta.dirname, '../..')
const megabyte = 1024 * 1024

const closing = new AsyncDisposableStack()
afterAll(() => closing.disposeAsync())

let folder: TempFolder
let loop: Loop
let systemd: StandInSystemctl
let service: MetricsSource
let full: SmallDisk
let held: SmallDisk

/** The shipped text with times for a test. */
const quick = (file: string) =>
  readFileSync(join(root, file), 'utf8')
    .replaceAll('interval: 5s', 'interval: 1s')
    .replaceAll(/^ +for: 30s\n/gm, '')
    .replaceAll('for: 10s', 'for: 2s')
    .replaceAll('cooldown: 5m', 'cooldown: 1s')

/** The whole way of the shipped alerts and playbooks: Hepar's own metrics → Prometheus → Alertmanager → Hepar → this machine. */
beforeAll(async () => {
  folder = closing.use(await tempFolder('local-actions'))
  full = closing.use(mountSmallDisk(folder.file('full'), '32m'))
  held = closing.use(mountSmallDisk(folder.file('held'), '32m'))
  systemd = standInSystemctl(folder.path)
  systemd.tell({ ActiveState: 'active', SubState: 'running' })
  service = closing.use(await startMetricsSource())
  writeFileSync(folder.file('recover'), '#!/bin/sh\necho "$@" >> "$TRACE"\n', { mode: 0o755 })
  const names = ['temp-folder-full', 'systemd-unit-failed', 'service-down']
  loop = closing.use(
    await startLoop({
      playbooks: [],
      plugins: [join(root, 'plugins')],
      rules: Object.fromEntries(names.map((name) => [`${name}.yaml`, quick(`rules/${name}.yaml`)])),
      env: { PATH: systemd.path, TRACE: folder.file('trace') },
      config: {
        limits: quickLimits,
        paths: { local: [full, held].map((disk) => ({ root: disk.folder, olderThan: '1h' })) },
        services: {
          web: { unit: 'web.service' },
          shop: {
            commands: { recover: { file: folder.file('recover'), args: ['--now'], env: { TRACE: '${TRACE}' } } },
          },
        },
      },
    }),
  )
  await loop.prometheus.reload({
    rules: `${quick('prometheus/rules/paths.yml')}${quick('prometheus/rules/services.yml').replace('groups:\n', '')}`,
    scrape: [
      { job: 'hepar', targets: [new URL(loop.hepar.url).host] },
      { job: 'shop', targets: [service.target], labels: { hepar_service: 'shop' } },
    ],
  })
})

function write(disk: SmallDisk, name: string, bytes: number, ageHours: number): string {
  const file = join(disk.folder, name)
  writeFileSync(file, Buffer.alloc(bytes))
  const then = Date.now() / 1_000 - ageHours * 3_600
  utimesSync(file, then, then)
  return file
}

const of = (target: string) => (incidents: readonly IncidentView[]) => incidents.find((one) => one.target === target)

async function healed(target: string): Promise<Record<string, unknown>> {
  const seen = await loop.hepar.until(`${target} healed`, (all) => of(target)(all)?.ending === 'healed', 180_000)
  return loop.hepar.incident(of(target)(seen)!.id)
}

/** The text of everything that is known about an incident. */
const told = (incident: Record<string, unknown>) => JSON.stringify(incident)

describe('an over-full folder', () => {
  test('is relieved of its old files and of nothing else, and the room itself is the proof', async () => {
    write(full, 'old', 20 * megabyte, 2)
    const young = write(full, 'young', 10 * megabyte, 0)
    const incident = await healed(`path/local${full.folder}`)
    expect(readdirSync(full.folder)).toEqual(['young'])
    expect(existsSync(young)).toBe(true)
    expect(told(incident)).toContain('Remove 1 file (20 MiB) older than 1h below')
    expect(told(incident)).toContain(`"freedBytes":${20 * megabyte}`)
    expect(told(incident)).toMatch(/\d+\.\d% of the space \(22 MiB\)/)
  })

  test('is not healed while somebody holds open what was removed, and is when it is let go', async () => {
    const file = write(held, 'log', 30 * megabyte, 2)
    const descriptor = openSync(file, 'r')
    const target = `path/local${held.folder}`
    const words = new RegExp(`still held open.*30 MiB by .* \\(pid ${process.pid}\\)`)
    try {
      await waitFor(
        async () => {
          const incident = of(target)(await loop.hepar.incidents())
          return incident !== undefined && words.test(told(await loop.hepar.incident(incident.id)))
        },
        { what: 'the process is named', deadlineMs: 180_000 },
      )
      expect(existsSync(file)).toBe(false)
      expect(of(target)(await loop.hepar.incidents())?.ending).toBeNull()
    } finally {
      closeSync(descriptor)
    }
    await healed(target)
  })
})

test('a failed unit is restarted once, and its new run is the proof', async () => {
  systemd.tell({ ActiveState: 'failed', SubState: 'failed' })
  const incident = await healed('service/web')
  const restarts = systemd.calls().filter((call) => call.includes('[restart]'))
  expect(restarts).toEqual(['[--no-ask-password][restart][--][web.service]'])
  expect(told(incident)).toContain(`web.service is active (running), invocation ${'2'.repeat(32)}`)
})

test('a service that does not answer is recovered by its own command, run once', async () => {
  await waitFor(() => service.scrapes() > 0, { what: 'the first scrape' })
  await service.die()
  await waitFor(() => existsSync(folder.file('trace')), { what: 'the command', deadlineMs: 180_000 })
  await service.revive()
  await healed('service/shop')
  expect(readFileSync(folder.file('trace'), 'utf8')).toBe('--now\n')
})

test('everything was foretold, and the log is whole', async () => {
  expect(await loop.foreteller.check()).toBeGreaterThan(0)
  expect(loop.oncall.requests).toHaveLength(0)
  const verified = await loop.hepar.cli('audit', 'verify', '--config', loop.hepar.configFile)
  expect(verified).toMatchObject({ code: 0 })
})
