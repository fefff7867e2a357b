import { expect, test } from 'vitest'
import { formatTarget, parseTarget } from '../../src/domain/target.ts'

test.each(['container/local/web', 'redis/cache', 'path/h7/var/tmp/app', 'service/myapp'])(
  '%s is read and written alike',
  (text) => {
    const reading = parseTarget(text)
    expect(reading.ok && formatTarget(reading.target)).toBe(text)
  },
)

test.each([
  ['web', 'target "web" has no kind: write it as in container/local/web'],
  ['contaner/local/web', 'target kind "contaner" is not one of container, redis, path, service'],
  ['container/web', 'target "container/web" names no container'],
  ['container//web', 'target "container//web" names no host'],
  ['container/local/web/x', 'target "container/local/web/x" has too many parts'],
])('%s is no target, and it is said why', (text, reason) => {
  expect(parseTarget(text)).toEqual({ ok: false, reason })
})

test('the name of a path is absolute, and however many slashes it is written with it is one target', () => {
  const target = { kind: 'path', place: 'h7', name: '/var/tmp/app' }
  for (const text of ['path/h7/var/tmp/app', 'path/h7//var/tmp/app', 'path/h7//var//tmp/app/']) {
    const reading = parseTarget(text)
    expect(reading).toEqual({ ok: true, target })
    expect(reading.ok && formatTarget(reading.target)).toBe('path/h7/var/tmp/app')
  }
  expect(parseTarget('path/h7//')).toEqual({ ok: false, reason: 'target "path/h7//" names no path' })
  expect(parseTarget('path/h7/var/tmp/../../etc')).toMatchObject({ ok: false, reason: expect.stringContaining('..') })
})
