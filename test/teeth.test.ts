import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bite, makeCopy, notGreen } from './teeth/bite.ts'
import { teeth } from './teeth/teeth.ts'
import type { Tooth } from './teeth/tooth.ts'

const root = resolve(import.meta.dirname, '..')
const wordsOf = (tooth: Tooth) => `${tooth.file}: ${tooth.takes}`

describe('every tooth', () => {
  test('takes something else', () => {
    const names = teeth.map(({ takes }) => takes)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  test('finds what it takes exactly once, and leaves a program behind', () => {
    const wrong: string[] = []
    for (const tooth of teeth) {
      const parts = readFileSync(join(root, tooth.file), 'utf8').split(tooth.find)
      if (parts.length !== 2 || tooth.find === tooth.replace) wrong.push(`${wordsOf(tooth)}: ${parts.length - 1} times`)
      else if (!isProgram(parts.join(tooth.replace))) wrong.push(`${wordsOf(tooth)}: leaves no program`)
    }
    expect(wrong).toEqual([])
  })

  test('names a test that is there', () => {
    expect(teeth.filter((tooth) => !isThere(tooth)).map((tooth) => `${tooth.test}: ${tooth.red}`)).toEqual([])
  })
})

function isProgram(text: string): boolean {
  try {
    stripTypeScriptTypes(text)
    return true
  } catch {
    return false
  }
}

/** Whether every part of the name begins like a title in the test file, or in what it shares with others. */
function isThere({ test: file, red }: Tooth): boolean {
  const titles = textsIn(join(root, file))
  return red.split(' > ').every((part) => titles.some((title) => isTitleOf(title, part)))
}

const known = new Map<string, readonly string[]>()

/** Every text in a test file, and in the files beside it that it takes tests from. */
function textsIn(file: string): readonly string[] {
  const before = known.get(file)
  if (before !== undefined || !existsSync(file)) return before ?? []
  const source = readFileSync(file, 'utf8')
  const shared = [...source.matchAll(/ from '(\.\/[\w-]+\.ts)'/g)].map(([, from = '']) => join(dirname(file), from))
  const literals = source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)
  const texts = [...literals].map(([, single, double, back]) => single ?? double ?? back ?? '')
  // Known before the others are read, since files may name each other.
  known.set(file, texts)
  known.set(file, [...texts, ...shared.flatMap(textsIn)])
  return known.get(file) ?? []
}

/** Whether a name may begin like this title, in which something may be filled in later, as for `%s`. */
function isTitleOf(title: string, name: string): boolean {
  const [first = '', ...rest] = title.split(/%[sdifjo]|\$\{.*?\}|\$[a-z]+/)
  if (rest.length === 0 || !name.startsWith(first)) return first.startsWith(name)
  return [first, ...rest].some((piece) => piece.trim().length > 3 && name.includes(piece.trim().slice(0, 10)))
}

test('three quick ones of them, taken away by chance, are each missed by the named test', async () => {
  const seed = Number(process.env.HEPAR_TEETH_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.info(`HEPAR_TEETH_SEED=${seed} takes the same teeth again`)
  const quick = teeth.filter(({ test: file, hangs }) => /^test\/(engine|domain)\//.test(file) && !hangs)
  const [sample = []] = fc.sample(fc.shuffledSubarray(quick, { minLength: 3, maxLength: 3 }), { seed, numRuns: 1 })
  const copy = makeCopy()
  onTestFinished(() => copy.close())
  for (const tooth of sample) {
    expect([...(await notGreen(tooth.test, [tooth.red], copy))]).toEqual([])
    const { bites, detail } = await bite(tooth, copy)
    expect({ bites, detail }, wordsOf(tooth)).toMatchObject({ bites: true })
  }
}, 300_000)
