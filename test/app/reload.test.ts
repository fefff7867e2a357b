import { expect, test } from 'vitest'
import { followedFiles } from '../../src/app/followed-files.ts'
import type { Loaded } from '../../src/app/load.ts'
import { createReload } from '../../src/app/reload.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { config, silentLog } from '../http/fake-parts.ts'

function policy(revision: string): Policy {
  return { revision, loadedAt: 0, config: config(), playbooks: [], actions: [] }
}

function world(load: () => Promise<Loaded>) {
  const state = {
    inForce: policy('old'),
    adopted: [] as string[],
    recorded: [] as string[],
    failure: null as Error | null,
    renewed: 0,
    renewalFails: false,
  }
  const reload = createReload({
    clock: { now: () => 0 },
    log: silentLog,
    current: () => state.inForce,
    load,
    renewCertificate: () => {
      if (state.renewalFails) throw new Error('key values mismatch')
      state.renewed += 1
    },
    swap: async ({ policy: next }) => {
      const before = state.inForce
      state.inForce = next
      return async () => {
        state.inForce = before
      }
    },
    store: {
      transaction: async (label) => {
        state.recorded.push(label)
        return undefined as never
      },
    },
    engine: {
      preview: async () => ({ active: 1, willMatch: 1, willOpen: 0 }),
      adopt: async () => {
        if (state.failure) throw state.failure
        state.adopted.push(state.inForce.revision)
      },
    },
  })
  return { reload, state }
}

const good = (revision: string): Loaded => ({ ok: true, policy: policy(revision), broken: [], warnings: [] })

test('what the log could not record does not stay in force', async () => {
  const { reload, state } = world(async () => good('new'))
  state.failure = new Error('disk full')
  await expect(reload({ dryRun: false, by: 'a' })).rejects.toThrow('disk full')
  expect(state.inForce.revision).toBe('old')
  state.failure = null
  expect(await reload({ dryRun: false, by: 'a' })).toMatchObject({ ok: true, revision: 'new' })
  expect(state.inForce.revision).toBe('new')
})

test('files that cannot even be read are a refused reload in log and metrics, unless it was a dry run', async () => {
  const { reload, state } = world(() => Promise.reject(new Error('too many open files')))
  await expect(reload({ dryRun: true, by: 'a' })).rejects.toThrow('too many open files')
  expect(state.recorded).toEqual([])
  await expect(reload({ dryRun: false, by: 'a' })).rejects.toThrow('too many open files')
  expect(state).toMatchObject({ inForce: { revision: 'old' }, adopted: [], recorded: ['config'] })
})

test('a change that a running process cannot make is refused whole, recorded, and the last good set stays', async () => {
  const next = good('new') as Loaded & { ok: true }
  const listen = { host: '127.0.0.1', port: 1 }
  const moved = { ...next, policy: { ...next.policy, config: config({ listen, mode: 'auto' }) } }
  const { reload, state } = world(async () => moved)
  expect(await reload({ dryRun: false, by: 'a' })).toMatchObject({
    ok: false,
    problems: [{ message: 'a change of "listen" needs a restart' }],
  })
  expect(state).toMatchObject({ inForce: { revision: 'old' }, adopted: [], recorded: ['config'] })
})

test('files with problems change nothing, and their refusal is recorded', async () => {
  const problem = { severity: 'error', file: 'a', line: 1, column: 1, message: 'm' } as const
  const { reload, state } = world(async () => ({ ok: false, problems: [problem] }))
  expect(await reload({ dryRun: false, by: 'a' })).toEqual({ ok: false, problems: [problem] })
  expect(state).toMatchObject({ inForce: { revision: 'old' }, adopted: [], recorded: ['config'] })
})

test('reloads asked for at once are done one after the other', async () => {
  let loading = 0
  let most = 0
  let count = 0
  const { reload, state } = world(async () => {
    loading += 1
    most = Math.max(most, loading)
    await new Promise((resolve) => setImmediate(resolve))
    loading -= 1
    count += 1
    return good(`r${count}`)
  })
  await Promise.all([1, 2, 3].map(() => reload({ dryRun: false, by: 'a' })))
  expect(most).toBe(1)
  expect(state.adopted).toEqual(['r1', 'r2', 'r3'])
})

test('a dry run changes and records nothing, whatever it finds', async () => {
  const problem = { severity: 'error', file: 'a', line: 1, column: 1, message: 'm' } as const
  const answers: Loaded[] = [good('new'), { ok: false, problems: [problem] }]
  const { reload, state } = world(async () => answers.shift() as Loaded)
  expect(await reload({ dryRun: true, by: 'a' })).toMatchObject({ ok: true, preview: { willMatch: 1 } })
  expect(await reload({ dryRun: true, by: 'a' })).toEqual({ ok: false, problems: [problem] })
  expect(state).toMatchObject({ inForce: { revision: 'old' }, adopted: [], recorded: [] })
})

test('a renewed certificate is taken over whatever else is wrong with the files, and one that does not fit stops nothing', async () => {
  const problem = { severity: 'error', file: 'a', line: 1, column: 1, message: 'm' } as const
  const { reload, state } = world(async () => ({ ok: false, problems: [problem] }))
  await reload({ dryRun: true, by: 'a' })
  expect(state.renewed).toBe(0)
  await reload({ dryRun: false, by: 'a' })
  expect(state).toMatchObject({ renewed: 1, inForce: { revision: 'old' } })
  const other = world(async () => good('new'))
  other.state.renewalFails = true
  expect(await other.reload({ dryRun: false, by: 'a' })).toMatchObject({ ok: true, revision: 'new' })
})

test('the files of the certificate are followed like all others', () => {
  const tls = { cert: '/a/cert.pem', key: '/a/key.pem', clientCa: '/a/ca.pem' }
  const all = config({ tls, rules: ['/r'], plugins: ['/p'] })
  expect(followedFiles(all)).toEqual([all.file, '/r', '/p', '/a/cert.pem', '/a/key.pem', '/a/ca.pem'])
})
