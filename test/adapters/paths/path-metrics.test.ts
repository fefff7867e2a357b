import { tmpdir } from 'node:os'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { registerPathMetrics } from '../../../src/adapters/paths/path-metrics.ts'

const place = (root: string) => ({ host: 'local', root })
const space = { availableBytes: 1, bytesRatio: 0.5, inodesRatio: 0.25 }

async function linesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('hepar_path_available_ratio{'))
}

test('the room below each folder is measured at each scrape; what cannot be measured is absent', async () => {
  const registry = new Registry()
  registerPathMetrics(registry, () => [place(tmpdir()), place('/nowhere/at/all')])
  const lines = await linesOf(registry)
  expect(lines).toHaveLength(2)
  for (const resource of ['bytes', 'inodes']) {
    const found = lines.find((line) =>
      line.startsWith(`hepar_path_available_ratio{host="local",path="${tmpdir()}",resource="${resource}"} `),
    )
    const ratio = Number(found?.split(' ').at(-1))
    expect(ratio).toBeGreaterThan(0)
    expect(ratio).toBeLessThanOrEqual(1)
  }
})

test('a file system that does not count inodes has no share of them', async () => {
  const registry = new Registry()
  registerPathMetrics(
    registry,
    () => [place('/a')],
    async () => ({ ...space, inodesRatio: null }),
  )
  expect(await linesOf(registry)).toEqual(['hepar_path_available_ratio{host="local",path="/a",resource="bytes"} 0.5'])
})

test('file systems that hang delay a scrape for a second, are asked once, and at most two at a time', async () => {
  const registry = new Registry()
  const asked: string[] = []
  const measure = (root: string) => {
    asked.push(root)
    return root.startsWith('/hangs') ? new Promise<never>(() => {}) : Promise.resolve(space)
  }
  const places = ['/hangs/1', '/a', '/hangs/2', '/b', '/hangs/3'].map(place)
  registerPathMetrics(registry, () => places, measure)
  const began = performance.now()
  expect((await linesOf(registry)).length).toBe(2)
  expect(performance.now() - began).toBeLessThan(10_000)
  await linesOf(registry)
  expect(asked).toEqual(['/hangs/1', '/a', '/hangs/2'])
})

test('two scrapes at one moment both see every folder', async () => {
  const registry = new Registry()
  registerPathMetrics(
    registry,
    () => [place('/a'), place('/b'), place('/c')],
    async () => space,
  )
  const scrapes = await Promise.all([linesOf(registry), linesOf(registry)])
  expect(scrapes.map((lines) => lines.length)).toEqual([6, 6])
})
