import { configDefaults, defineConfig } from 'vitest/config'
import closingLine from './test/closing-line.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A plugin named like a test is a fixture that must not be taken for either.
    exclude: [...configDefaults.exclude, 'test/fixtures/**'],
    environment: 'node',
    globalSetup: ['test/kit/docker-global.ts'],
    pool: 'forks',
    // Most of the time tests wait for others' clocks, so four keep two processors busy.
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    reporters: ['default', closingLine()],
  },
})
