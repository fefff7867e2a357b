import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeDurably } from '../../../src/adapters/store/durable-file.ts'
import { temporaryFolder } from './open-store.ts'

/** What the kernel was asked to do to a file that is written durably, in order. */
function calls(way: 'exclusive' | 'over'): string[] {
  const folder = temporaryFolder()
  const file = join(folder, 'key')
  const trace = join(temporaryFolder(), 'trace')
  const program = join(import.meta.dirname, 'durable-file-writer.ts')
  const wanted = 'trace=fsync,fdatasync,link,linkat,rename,renameat,renameat2'
  const command = ['-f', '-y', '-e', wanted, '-o', trace, process.execPath, program, file, way]
  execFileSync('strace', command, { stdio: 'pipe' })
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => line.replace(/^\d+ +/, '').replaceAll(folder, ''))
    .map((line) => (/^(f\w*sync)\(\d+<(.*)>\)/.exec(line) ?? /^(link|rename)/.exec(line) ?? [line]).slice(1).join(' '))
}

describe('a file that must not be lost', () => {
  test('is on the disk before it has its name, and so is the name before anybody relies on it', () => {
    expect(calls('exclusive')).toEqual(['fsync /key.new', 'link', 'fsync '])
    expect(calls('over')).toEqual(['fsync /key.new', 'rename', 'fsync '])
  })

  test('is private from its first moment, and leaves no draft', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'key')
    writeDurably(file, 'text', { exclusive: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['key'])
  })

  test('replaces another only when it may', () => {
    const file = join(temporaryFolder(), 'key')
    writeFileSync(file, 'old')
    expect(() => writeDurably(file, 'new', { exclusive: true })).toThrow('EEXIST')
    expect(readFileSync(file, 'utf8')).toBe('old')
    writeDurably(file, 'new', { exclusive: false })
    expect(readFileSync(file, 'utf8')).toBe('new')
  })
})
