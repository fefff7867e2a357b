import { describe, expect, test } from 'vitest'
import { containerChange } from '../../src/sdk/container-change.ts'
import { unitChange } from '../../src/sdk/unit-change.ts'

const at = (seconds: number) => new Date(seconds * 1_000).toISOString()

function container(state: object, more: { restarts?: number; policy?: string } = {}) {
  const HostConfig = { RestartPolicy: { Name: more.policy ?? 'no' } }
  const State = { Status: 'running', StartedAt: at(100), FinishedAt: at(90), ...state }
  return containerChange({ State, HostConfig, RestartCount: more.restarts ?? 0 } as never, 2_000)
}

describe('a container', () => {
  test('was started by somebody when its policy has not started it since, told by this machine’s clock', () => {
    expect(container({})).toEqual({ at: 98_000, what: 'it was started' })
  })

  test('that keeps crashing was touched by nobody, however young it is', () => {
    expect(container({}, { restarts: 3, policy: 'always' })).toBe(null)
    expect(container({ Status: 'restarting' }, { restarts: 3, policy: 'always' })).toBe(null)
    expect(container({ Status: 'exited' })).toBe(null)
  })

  test('that its policy would have started again was stopped by somebody', () => {
    const expected = { at: 88_000, what: 'it was stopped' }
    expect(container({ Status: 'exited' }, { policy: 'always' })).toEqual(expected)
    expect(container({ Status: 'exited' }, { policy: 'unless-stopped' })).toEqual(expected)
    expect(container({ Status: 'exited' }, { policy: 'on-failure' })).toBe(null)
  })
})

test('a unit was started by somebody when systemd has not started it since', () => {
  const now = Number(process.hrtime.bigint() / 1_000n)
  const state = { active: 'active', activeSinceUs: now - 5_000_000, restarts: 0 }
  const change = unitChange(state)
  expect(change?.what).toBe('it was started')
  expect(Math.abs(Date.now() - 5_000 - (change?.at ?? 0))).toBeLessThan(2_000)
  expect(unitChange({ ...state, restarts: 2 })).toBe(null)
  expect(unitChange({ ...state, active: 'failed' })).toBe(null)
  expect(unitChange({ ...state, activeSinceUs: 0 })).toBe(null)
})
