import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lastLines, logEvidence } from '../../src/sdk/log-lines.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'

let folder: TempFolder
beforeAll(async () => {
  folder = await tempFolder('log-lines')
})
afterAll(() => folder[Symbol.asyncDispose]())

test('the last lines are few, short, printable, and the newest of them', () => {
  const many = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(500)}`)
  const kept = lastLines([...many, '', '\u001b[2Jlast \u202e'])
  expect(kept.at(-1)).toBe('last')
  expect(kept.at(-2)).toMatch(/^99 x+…$/)
  expect(kept.length).toBeLessThan(20)
  expect(kept.join('').length).toBeLessThanOrEqual(6_000)
})

test('of a file of any size only the end is read, without the line that was cut', async () => {
  const file = folder.file('large.log')
  writeFileSync(file, `${'a secret line that goes on '.repeat(1e6)}\nthe end\n`)
  expect(await logEvidence(file)).toEqual({ logs: ['the end'] })
  writeFileSync(file, 'x'.repeat(1e6))
  expect(await logEvidence(file)).toEqual({ logs: [] })
})

test('what is no file, or is not there, is said and waited for by nobody', async () => {
  const pipe = folder.file('pipe')
  execFileSync('mkfifo', [pipe])
  expect(await logEvidence(pipe)).toEqual({ logs: [], logsMissing: `${pipe} is no file` })
  expect(await logEvidence(folder.path)).toMatchObject({ logs: [], logsMissing: expect.any(String) })
  expect(await logEvidence('/dev/zero')).toEqual({ logs: [], logsMissing: '/dev/zero is no file' })
  expect(await logEvidence(folder.file('none'))).toMatchObject({ logsMissing: expect.stringContaining('ENOENT') })
  expect(await logEvidence(null)).toEqual({})
})
