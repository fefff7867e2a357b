import { expect, test } from 'vitest'
import { planDating } from '../../../src/adapters/prometheus/dating.ts'

const instant = (...instants: string[]) => ({ ok: true, instants, reachMs: 0 })

const datable: readonly (readonly [string, object])[] = [
  ['well{host="a"} == 1', { ...instant('well{host="a"}'), type: 'vector', metrics: ['well'] }],
  ['{__name__="well", host="a"}', { ...instant('{__name__="well", host="a"}'), metrics: ['well'] }],
  ['{"well", host="a"}', { ...instant('{"well", host="a"}'), metrics: ['well'] }],
  ['sum by (x) (a) > bool 2 and on (x) b # why', { ...instant('a', 'b'), type: 'vector' }],
  ['scalar(a) > bool 1', { ...instant('a'), type: 'scalar' }],
  ['-(a offset 5m)', { ...instant('a offset 5m'), type: 'vector' }],
  ['a == a', instant('a')],
  ['rate(a[1m]) > 0', { ok: true, instants: [], metrics: ['a'], reachMs: 60_000 }],
  ['rate(a[1m] offset 30s) / b', { ok: true, instants: ['b'], reachMs: 90_000 }],
  ['rate(a[90]) > 0 or rate(b[1m]) > 0', { ok: true, reachMs: 90_000 }],
]

for (const [promql, expected] of datable) {
  test(`${promql} can be dated`, () => expect(planDating(promql)).toMatchObject(expected))
}

const refused: readonly (readonly [string, RegExp])[] = [
  ['a[5m', /not valid PromQL/],
  ['', /not valid PromQL/],
  ['a @ 100 == 1', /"@" pins the time/],
  ['rate(a[5m] @ end())', /"@" pins the time/],
  ['max_over_time((a + b)[5m:1m])', /subquery/],
  ['absent(a)', /since when a series is absent/],
  ['info(a)', /does not name/],
  ['vector(1)', /reads no series/],
  ['time() > 3', /reads no series/],
  ['"text"', /neither an instant vector nor a scalar|reads no series/],
  ['a[5m]', /neither an instant vector nor a scalar/],
  ['{host="a"}', /names no metric/],
  ['{__name__=~"a.*"}', /names no metric/],
  ['rate({host="a"}[5m])', /names no metric/],
  ['rate(a[5m] offset (1m + 1m))', /not a plain duration/],
  ['rate(a[1m + 1m])', /not a plain duration/],
  ['rate(a[5m] smoothed)', /outside its window/],
]

for (const [promql, reason] of refused) {
  test(`${promql || 'nothing'} is refused`, () => {
    expect(planDating(promql)).toEqual({ ok: false, reason: expect.stringMatching(reason) })
  })
}
