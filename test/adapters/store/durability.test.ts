import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from './open-store.ts'

const root = join(import.meta.dirname, '../../..')
const setting = "const synchronous = 'FULL'"

test('between a write and its answer the log of the database reaches the disk', () => {
  expect(Math.min(...syncsPerWrite(root))).toBeGreaterThanOrEqual(1)
})

test('a store that does not wait for the disk is caught by the same measurement', () => {
  const copy = temporaryFolder()
  for (const part of ['src', 'test/kit', relative(root, import.meta.dirname), 'package.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const file = join(copy, 'src/adapters/store/sqlite-store.ts')
  const source = readFileSync(file, 'utf8')
  expect(source).toContain(setting)
  writeFileSync(file, source.replace(setting, "const synchronous = 'NORMAL'"))
  expect(Math.min(...syncsPerWrite(copy))).toBe(0)
})

/** How often the write-ahead log was synced between each question and its answer, as the kernel saw it. */
function syncsPerWrite(sources: string): number[] {
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  const trace = join(folder, 'trace')
  mkdirSync(data)
  const program = join(sources, relative(root, import.meta.dirname), 'durability-writer.ts')
  const calls = 'trace=write,fsync,fdatasync'
  execFileSync('strace', ['-f', '-y', '-e', calls, '-o', trace, process.execPath, program, data], { stdio: 'pipe' })
  const counts: number[] = []
  let asked = false
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    if (line.includes('"asked\\n"')) {
      asked = true
      counts.push(0)
    } else if (line.includes('"answered\\n"')) asked = false
    else if (asked && /\b(fsync|fdatasync)\(.*hepar\.db-wal/.test(line)) counts[counts.length - 1]! += 1
  }
  expect(counts).toHaveLength(5)
  return counts
}
