import { expect, test } from 'vitest'
import { fleetOf } from '../../src/engine/facts/unwell.ts'
import { somePlaybook } from '../kit/records.ts'

const counting = (name: string, of: string | null) =>
  somePlaybook({
    name,
    limits: { ...somePlaybook().limits, blastRadius: { percent: of && 25, count: 2, of } as never },
  })

test('playbooks that count one fleet share its blast radius, and those that count none have it for themselves', () => {
  const [restart, clean, other, bare, counted] = [
    counting('restart', 'count(up{job="api"})'),
    counting('clean', 'count(up{job="api"})'),
    counting('other', 'count(up)'),
    somePlaybook({ name: 'bare' }),
    counting('counted', null),
  ] as const
  const all = [restart, clean, other, bare, counted, counting('counted-too', null)]
  expect(fleetOf(restart, all)).toEqual(['restart', 'clean'])
  expect(fleetOf(clean, all)).toEqual(['clean', 'restart'])
  expect(fleetOf(other, all)).toEqual(['other'])
  expect(fleetOf(counted, all)).toEqual(['counted'])
})
