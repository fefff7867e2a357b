import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startDemo } from '../kit/demo.ts'
import { dockerApi } from '../kit/docker-api.ts'
import { dockerWitness } from '../kit/docker-witness.ts'
import { waitFor } from '../kit/wait.ts'

test('--live heals a real container through a real Prometheus and Alertmanager, restarted once as Docker itself says', async () => {
  await using demo = await startDemo('--live', '--json')
  await demo.printed(/container hepar-demo-worker-\w+ is started/, 90_000)
  const [, socket = ''] = /engine at (\S+?docker\.sock)/.exec(demo.text()) ?? []
  const [container = ''] = /hepar-demo-worker-\w+/.exec(demo.text()) ?? []
  const witness = await dockerWitness(dockerApi(socket))
  expect(await demo.ended, demo.text()).toBe(0)

  expect(witness.count(container, 'restart')).toBe(1)
  witness.close()
  const steps = demo.steps()
  const log = steps.filter(({ step }) => step === 'event').map(({ type, words }) => `${type} ${words}`)
  for (const line of [
    /delivery\.received 1 matched/,
    /attempt\.intended Restart container/,
    /delivery\.received 1 resolved/,
  ]) {
    expect(log).toContainEqual(expect.stringMatching(line))
  }
  const told = steps.filter(({ step }) => step === 'note').map(({ text }) => text)
  expect(told).toEqual(expect.arrayContaining(['ContainerUnhealthy fires', 'ContainerUnhealthy is resolved']))
  expect(steps.filter(({ ok }) => ok === false)).toEqual([])
  expect(steps.at(-1)).toMatchObject({ step: 'end', ok: true, code: 0 })
  await waitFor(() => JSON.stringify(demo.leftovers()) === '{"files":[],"processes":[]}', { what: 'nothing is left' })
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(socket.replace(/\/docker\.sock$/, ''))
}, 240_000)
