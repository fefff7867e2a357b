import { writeSync } from 'node:fs'
import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** What a run came to. A file or an error outside any test that failed counts as one failure. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** `N passed, N failed`, and the skipped ones when there are any: a line that machines look for. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Prints the closing line after everything else, and fails the run when a test was skipped that nobody filtered out. */
export default function closingLineReporter(): Reporter {
  let filtered = false
  return {
    onInit(vitest: Vitest) {
      filtered = vitest.config.testNamePattern !== undefined
    },
    onTestRunEnd(modules, unhandledErrors) {
      const tally = count(modules, unhandledErrors.length)
      if (tally.skipped > 0 && !filtered) process.exitCode = 1
      process.once('exit', () => writeSync(1, `\n${closingLine(tally)}\n`))
    },
  }
}

function count(modules: readonly TestModule[], errorsOutside: number): Tally {
  const tally = { passed: 0, failed: errorsOutside, skipped: 0 }
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') tally.passed++
      else if (state === 'failed') tally.failed++
      else tally.skipped++
    }
    tally.failed += module.errors().length
    for (const suite of module.children.allSuites()) tally.failed += suite.errors().length
  }
  return tally
}
