import { expect, test } from 'vitest'
import { mayBeSameAlert } from '../../../src/adapters/prometheus/same-alert.ts'

const no = new Set<string>()
const inPrometheus = { alertname: 'Ill', host: 'a', instance: 'a:9100' }

test('labels that only one side has do not tell alerts apart, labels that differ do', () => {
  expect(mayBeSameAlert(inPrometheus, { alertname: 'Ill', host: 'a', region: 'eu' }, no)).toBe(true)
  expect(mayBeSameAlert(inPrometheus, { alertname: 'Ill', host: 'b', region: 'eu' }, no)).toBe(false)
})

test('a rewritten label tells nothing, but the name always does', () => {
  const rewritten = { alertname: 'Ill', host: 'a', instance: 'a' }
  expect(mayBeSameAlert(inPrometheus, rewritten, no)).toBe(false)
  expect(mayBeSameAlert(inPrometheus, rewritten, new Set(['instance']))).toBe(true)
  expect(mayBeSameAlert(inPrometheus, { alertname: 'Ill', host: 'z' }, 'all')).toBe(true)
  expect(mayBeSameAlert(inPrometheus, { alertname: 'Well' }, 'all')).toBe(false)
})
