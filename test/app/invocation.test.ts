import { expect, test } from 'vitest'
import { invocation, invocationAt } from '../../src/app/invocation.ts'

test('what to type before a command follows how the program was started', () => {
  expect(invocation('/srv/hepar/src/main.ts', { npm_command: 'run-script' })).toBe('npm run --silent hepar --')
  expect(invocation('/srv/app/node_modules/.bin/hepar', { npm_command: 'exec' })).toBe('npx hepar')
  expect(invocation('/usr/local/bin/hepar', {})).toBe('hepar')
})

test('another address than the usual one is named', () => {
  expect(invocationAt('http://127.0.0.1:4372', 'hepar')).toBe('hepar')
  expect(invocationAt('http://127.0.0.1:9999', 'hepar')).toBe('HEPAR_URL=http://127.0.0.1:9999 hepar')
})
