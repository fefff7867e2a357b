import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { registerUnitMetrics } from '../../../src/adapters/systemd/unit-metrics.ts'
import { standInSystemctl } from '../../kit/stand-in-systemctl.ts'
import { tempFolder } from '../../kit/temp.ts'

const services = [
  { name: 'web', host: 'local', unit: 'web.service' },
  { name: 'db', host: 'local', unit: null },
]

async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('hepar_unit_state{'))
}

async function standIn() {
  const folder = await tempFolder('units')
  const path = process.env.PATH
  const systemd = standInSystemctl(folder.path)
  process.env.PATH = systemd.path
  onTestFinished(async () => {
    process.env.PATH = path
    await folder[Symbol.asyncDispose]()
  })
  return systemd
}

test('the state of each configured unit is asked at each scrape, by one question', async () => {
  const systemd = await standIn()
  const registry = new Registry()
  registerUnitMetrics(registry, () => services)
  const line = (state: string) => `hepar_unit_state{host="local",service="web",unit="web.service",state="${state}"} 1`
  expect(await linesOf(registry)).toEqual([line('failed')])
  systemd.tell({ ActiveState: 'active' })
  expect(await Promise.all([linesOf(registry), linesOf(registry)])).toEqual([[line('active')], [line('active')]])
  expect(systemd.calls()).toHaveLength(2)
  systemd.tell({ ActiveState: 'whatever"}' })
  expect(await linesOf(registry)).toEqual([])
})

test('without units nobody is asked, and while systemd does not answer there is nothing', async () => {
  const systemd = await standIn()
  const registry = new Registry()
  let configured = [services[1]!]
  registerUnitMetrics(registry, () => configured)
  expect(await linesOf(registry)).toEqual([])
  expect(systemd.calls()).toEqual([])
  configured = [services[0]!, { name: 'two', host: 'local', unit: 'two.service' }]
  expect(await linesOf(registry)).toEqual([])
  process.env.PATH = '/nowhere'
  expect(await linesOf(registry)).toEqual([])
})
