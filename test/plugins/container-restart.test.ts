import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import restart from '../../plugins/container-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { containerAction, healthy } from '../kit/container-action.ts'
import { startDocker, type TestDocker } from '../kit/docker.ts'
import { uniqueName } from '../kit/docker-container.ts'
import type { DockerWitness } from '../kit/docker-witness.ts'

const patient = { timeout: 20_000 }

interface MemorySeen {
  readonly usedBytes: number | null
  readonly limitBytes: number | null
  readonly top: readonly { readonly pid: number; readonly command: string; readonly bytes: number }[]
}

let docker: TestDocker
let witness: DockerWitness
let on: ReturnType<typeof containerAction<typeof restart.params>>

beforeAll(async () => {
  docker = await startDocker()
  witness = await docker.witness()
  on = containerAction(restart, docker, witness)
})
afterAll(() => docker.close())

describe('a plan', () => {
  test('names the one container by its full id, says what would happen, and touches nothing', async () => {
    const container = await on.start({ health: 'heals' })
    await healthy(container)
    await container.makeIll()
    const made = await on.planned(container.name)
    const inspected = await container.inspect()
    expect(made.pin).toMatchObject({ id: container.id, created: inspected.Created })
    expect(made.data).toEqual({ startedAt: inspected.State.StartedAt })
    expect(made.touches).toEqual([`container-id/${container.id}`])
    expect(made.summary).toBe(
      `Restart container ${container.name} on local (${container.id.slice(0, 12)}, running, unhealthy) with 10s of grace`,
    )
    expect((await on.effects(container)).filter((action) => !action.startsWith('health_status'))).toEqual([
      'create',
      'start',
    ])
  })

  test('gathers state, exit code, health and the last log lines', async () => {
    const onStart = 'i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done'
    const container = await on.start({ onStart, health: 'heals' })
    await healthy(container)
    const { evidence } = await on.planned(container.name, { minUptime: '0s' })
    expect(evidence).toMatchObject({ state: 'running', exitCode: 0, outOfMemory: false, restartCount: 0 })
    expect(evidence).toMatchObject({ health: 'healthy', healthCheck: { exitCode: 0 }, image: 'hepar-test/busybox' })
    expect(evidence?.logs).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 10}`))
  })

  test('shows who in the container holds the memory, and how much of its limit is used', async () => {
    // A shell that holds 24 MiB in a variable, and beside it one that holds nothing.
    const onStart = 'held=$(head -c 25165824 /dev/zero | tr "\\0" a)'
    const container = await on.start({ onStart, hostConfig: { Memory: 256 * 2 ** 20 } })
    const seen = async () => (await on.planned(container.name)).evidence?.memory as unknown as MemorySeen
    await expect.poll(async () => (await seen()).top[0]?.bytes, patient).toBeGreaterThan(24 * 2 ** 20)
    const { usedBytes, limitBytes, top } = await seen()
    expect(limitBytes).toBe(256 * 2 ** 20)
    expect(usedBytes).toBeGreaterThan(20 * 2 ** 20)
    expect(top.length).toBeLessThanOrEqual(5)
    expect(top[0]).toEqual({ pid: expect.any(Number), command: 'sh', bytes: expect.any(Number) })
    expect(top.map(({ bytes }) => bytes)).toEqual(top.map(({ bytes }) => bytes).sort((a, b) => b - a))
    await container.post('kill')
    await container.until('exited', ({ State }) => State.Status === 'exited')
    expect((await on.planned(container.name)).evidence).toMatchObject({
      memory: { usedBytes: null, limitBytes: 256 * 2 ** 20, top: [] },
      memoryMissing: 'it is exited',
    })
  })

  test('shows what the container wrote to either stream, without its power over a terminal, and cut to size', async () => {
    const lines = [
      "printf 'to \\033[31mstderr\\033[0m\\a \\342\\200\\256x\\n' >&2",
      "head -c 50000 /dev/zero | tr '\\0' a",
    ]
    const container = await on.start({ onStart: lines.join('\n') })
    const logs = async () => ((await on.planned(container.name)).evidence?.logs ?? []) as string[]
    await expect.poll(logs, patient).toContain('to stderr x')
    await expect.poll(logs, patient).toContain(`${'a'.repeat(399)}…`)
  })

  test('reads the log of a container with a terminal, even when it is JSON', async () => {
    const container = await on.start({ onStart: `echo '{"level":"fatal"}'`, config: { Tty: true } })
    const logs = async () => (await on.planned(container.name)).evidence?.logs
    await expect.poll(logs, patient).toEqual(['{"level":"fatal"}'])
  })

  test('does without the log where the engine keeps none', async () => {
    const container = await on.start({ hostConfig: { LogConfig: { Type: 'none' } } })
    const { evidence } = await on.planned(container.name)
    expect(evidence?.logs).toEqual([])
    expect(evidence?.logsMissing).toMatch(/log/i)
  })

  test('of an exited container says that it would be started, and how it ended', async () => {
    const container = await on.start({ afterwards: 3 })
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    const made = await on.planned(container.name)
    expect(made.summary).toBe(
      `Start container ${container.name} on local (${container.id.slice(0, 12)}), which exited with code 3`,
    )
  })

  test('tells that the kernel killed it for want of memory', async () => {
    const memory = { Memory: 8 * 1024 * 1024, MemorySwap: 8 * 1024 * 1024 }
    // Killed again and again beside a first process that lives on: the engine misses what happens before it listens.
    const container = await on.start({ onStart: 'while :; do tail /dev/zero; sleep 0.2; done', hostConfig: memory })
    await expect.poll(() => on.effects(container), { timeout: 20_000 }).toContain('oom')
    await container.post('kill')
    await container.until('exited and out of memory', (seen) => seen.State.Status === 'exited' && seen.State.OOMKilled)
    const made = await on.planned(container.name)
    expect(made.evidence).toMatchObject({ outOfMemory: true, exitCode: 137 })
    expect(made.summary).toMatch(/exited with code 137, out of memory$/)
  })

  test('does not take a name for the beginning of an id, nor for a part of another name', async () => {
    const container = await on.start()
    expect(await on.refused(container.id.slice(0, 12))).toMatchObject({ final: false })
    expect((await on.refused(container.id)).refused).toMatch(/has no container named/)
    expect((await on.refused(container.name.slice(0, -1))).refused).toMatch(/has no container named/)
    const namesake = await on.start({ name: container.id.slice(0, 10) })
    expect((await on.planned(namesake.name)).pin).toMatchObject({ id: namesake.id })
  })

  test('needs the exact host it has settings for', async () => {
    const container = await on.start()
    await expect(on.plan(container.name, { host: 'elsewhere' })).rejects.toThrow(/settings of host "elsewhere"/)
  })

  test('leaves a healthy container alone that was started a moment ago, for the alert may be about what ran before', async () => {
    const container = await on.start({ health: 'heals' })
    await healthy(container)
    expect(await on.refused(container.name)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/healthy and was started only \d+s ago/),
    })
    expect(await on.plan(container.name, {}, { minUptime: '0s' })).toMatchObject({ pin: { id: container.id } })
    await container.makeIll()
    expect(await on.plan(container.name)).toMatchObject({ pin: { id: container.id } })
  })

  test('is refused where a part of the settings is missing', async () => {
    const container = await on.start()
    const { protect: _, ...rest } = on.settings() as Record<string, JsonObject[string]>
    const context = { settings: rest, signal: new AbortController().signal, now: Date.now() }
    await expect(restart.plan(on.targetOf(container.name), { grace: 0, minUptime: 0 }, context)).rejects.toThrow(
      /protect/,
    )
  })
})

describe('a run', () => {
  test('restarts the planned container once, and verification proves it', async () => {
    const container = await on.start({ health: 'heals' })
    await healthy(container)
    await container.makeIll()
    const made = await on.planned(container.name)
    const intendedAt = Date.now()
    expect(await on.verify(made, intendedAt)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/not been started/),
    })
    expect(await on.run(made)).toEqual({ id: container.id, graceSeconds: 10 })
    const effectEndedAt = Date.now()
    await healthy(container)
    expect(await on.verify(made, intendedAt, effectEndedAt)).toMatchObject({ passed: true })
    const seen = await on.effects(container)
    expect(seen.filter((action) => action === 'restart')).toHaveLength(1)
    expect(seen.filter((action) => action === 'start')).toHaveLength(2)
  })

  test('gives the grace that was asked for, rounded up to whole seconds, then kills', async () => {
    const container = await on.start({ afterwards: 'ignore' })
    const made = await on.planned(container.name, { grace: '200ms' })
    const before = Date.now()
    expect(await on.run(made)).toMatchObject({ graceSeconds: 1 })
    const tookMs = Date.now() - before
    expect(tookMs).toBeGreaterThan(900)
    // Left to itself the engine would wait ten seconds.
    expect(tookMs).toBeLessThan(8_000)
    expect((await on.effects(container)).filter((action) => action === 'kill')).toHaveLength(2)
  })

  test('starts what has exited', async () => {
    const container = await on.start({ onStart: '[ -e /once ] || { touch /once; exit 7; }' })
    await container.until('exited', (seen) => seen.State.Status === 'exited')
    const made = await on.planned(container.name)
    const intendedAt = Date.now()
    await on.run(made)
    expect(await on.verify(made, intendedAt)).toMatchObject({ passed: true })
  })

  test('does nothing to a container of the same name that took the planned one’s place', async () => {
    const name = uniqueName()
    const first = await on.start({ name })
    const made = await on.planned(name)
    await first.remove()
    const second = await on.start({ name })
    await expect(on.run(made)).rejects.toThrow(/nothing was done: the planned container \w+ is gone/)
    expect(await on.effects(second)).toEqual(['create', 'start'])
    expect(await on.verify(made, 0)).toEqual({
      passed: false,
      detail: `the restarted container ${first.id.slice(0, 12)} has been replaced by ${second.id.slice(0, 12)}`,
    })
    await second.remove()
    expect(await on.verify(made, 0)).toMatchObject({ passed: false, detail: expect.stringMatching(/has been removed/) })
  })

  test('does nothing to a container that is named like the planned one’s id', async () => {
    const first = await on.start()
    const made = await on.planned(first.name)
    await first.remove()
    const impostor = await on.start({ name: first.id })
    await expect(on.run(made)).rejects.toThrow(/is gone/)
    expect(await on.effects(impostor)).toEqual(['create', 'start'])
  })

  test('does nothing when somebody restarted, renamed or paused it since the plan', async () => {
    const container = await on.start()
    const made = await on.planned(container.name)
    await container.post('pause')
    await expect(on.run(made)).rejects.toThrow(/nothing was done.*paused/)
    await container.post('unpause')
    await container.post(`rename?name=${container.name}-old`)
    await expect(on.run(made)).rejects.toThrow(/nothing was done.*is now named/)
    await container.post(`rename?name=${container.name}`)
    await container.post('restart?t=5')
    const refusal = on.run(made)
    await expect(refusal).rejects.toThrow(/nothing was done.*was started by somebody else/)
    // So it is planned anew, and the plan says when that was.
    await expect(refusal).rejects.toMatchObject({ code: 'not_started' })
    const { StartedAt } = (await container.inspect()).State
    const { changed } = await on.planned(container.name)
    expect(changed?.what).toBe('it was started')
    expect(Math.abs((changed?.at ?? 0) - Date.parse(StartedAt))).toBeLessThan(1_000)
    expect((await on.effects(container)).filter((action) => action === 'restart')).toHaveLength(1)
  })

  test('is told of a start or a stop by somebody, and not of what the restart policy does by itself', async () => {
    const hostConfig = { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } }
    const container = await on.start({ hostConfig, onStart: '[ -e /once ] || { touch /once; exit 7; }' })
    await container.until(
      'started again by its policy',
      (seen) => seen.RestartCount > 0 && seen.State.Status === 'running',
    )
    expect((await on.planned(container.name)).changed).toBeUndefined()
    await container.post('restart?t=1')
    expect((await on.planned(container.name)).changed?.what).toBe('it was started')
    await container.post('stop?t=1')
    const { FinishedAt } = (await container.inspect()).State
    const { changed } = await on.planned(container.name)
    expect(changed?.what).toBe('it was stopped')
    expect(Math.abs((changed?.at ?? 0) - Date.parse(FinishedAt))).toBeLessThan(1_000)
  })

  test('does nothing when the grace does not fit into the time that is left', async () => {
    const container = await on.start()
    await expect(on.run(await on.planned(container.name), { timeoutMs: 5_000 })).rejects.toThrow(
      /nothing was done.*10s of grace/,
    )
    expect(await on.effects(container)).toEqual(['create', 'start'])
  })

  test('does nothing once it is cancelled', async () => {
    const container = await on.start()
    const made = await on.planned(container.name)
    await expect(on.run(made, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await on.effects(container)).toEqual(['create', 'start'])
  })

  test('cancelled in the middle ends at once, and does not claim to know the outcome', async () => {
    const container = await on.start({ afterwards: 'ignore' })
    const made = await on.planned(container.name, { grace: '5s' })
    const cancel = new AbortController()
    const running = on.run(made, { signal: cancel.signal })
    const ended = running.catch((error: unknown) => error)
    await expect.poll(() => witness.count(container.id, 'kill')).toBe(1)
    const cancelledAt = Date.now()
    cancel.abort()
    expect(await ended).toMatchObject({ code: 'outcome_unknown', message: expect.stringMatching(/was asked for, but/) })
    expect(Date.now() - cancelledAt).toBeLessThan(3_000)
  })

  test('does nothing to a container that was never started', async () => {
    const container = await on.start({ created: true })
    const { Created: created, State } = await container.inspect()
    const pin = { id: container.id, created, imageId: '' }
    const made = { pin, summary: '', data: { startedAt: State.StartedAt }, target: on.targetOf(container.name) }
    await expect(on.run({ ...made, params: { grace: 0, minUptime: 0 } })).rejects.toThrow(
      /nothing was done.*never been started/,
    )
  })

  test('fails, and knows it, when the engine cannot start the container again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hepar-mount-'))
    const container = await on.start({ hostConfig: { Mounts: [{ Type: 'bind', Source: folder, Target: '/data' }] } })
    const made = await on.planned(container.name)
    rmdirSync(folder)
    const error = await on.run(made).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringMatching(/host "local".*could not do it.*mount/) })
    expect(error).not.toHaveProperty('code', 'outcome_unknown')
    expect(await on.verify(made, Date.now())).toMatchObject({ passed: false })
  })
})

test('a grace that is no duration, or longer than five minutes, is not accepted', () => {
  expect(restart.params.parse({})).toEqual({ grace: 10_000, minUptime: 60_000 })
  for (const grace of ['fast', '5m1s', '-1s', 10]) expect(restart.params.safeParse({ grace }).success).toBe(false)
  expect(restart.params.safeParse({ force: true }).success).toBe(false)
})
