import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from './kit/process.ts'
import { type TempFolder, tempFolder } from './kit/temp.ts'

const root = join(import.meta.dirname, '..')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

async function closingLineOf(folder: TempFolder, body: string, ...args: string[]) {
  await mkdir(folder.file('test'), { recursive: true })
  await writeFile(
    folder.file('test/some.test.ts'),
    `import { test } from ${JSON.stringify(join(root, 'node_modules/vitest/dist/index.js'))}\n${body}`,
  )
  const config = `import closingLine from ${JSON.stringify(join(root, 'test/closing-line.ts'))}
export default { test: { include: ['test/*.test.ts'], reporters: ['default', closingLine()] } }`
  await writeFile(folder.file('vitest.config.mjs'), config)
  const env = { ...process.env, NO_COLOR: '1', CI: '' }
  const { code, stdout } = await runProgram(process.execPath, [vitest, 'run', ...args], { cwd: folder.path, env })
  return { code, last: stdout.trimEnd().split('\n').at(-1) }
}

test('the last line counts, and the exit code says what it says', async () => {
  await using folder = await tempFolder('closing')
  expect(await closingLineOf(folder, 'test("a", () => {})')).toEqual({ code: 0, last: '1 passed, 0 failed' })
  expect(await closingLineOf(folder, 'test("a", () => {}); test("b", () => { throw new Error() })')).toEqual({
    code: 1,
    last: '1 passed, 1 failed',
  })
  expect(await closingLineOf(folder, 'throw new Error("cannot load")')).toEqual({ code: 1, last: '0 passed, 1 failed' })
})

test('a test that is skipped in silence fails the run; one that was filtered out does not', async () => {
  await using folder = await tempFolder('closing')
  const skipped = 'test("a", () => {}); test.skip("b", () => {})'
  expect(await closingLineOf(folder, skipped)).toEqual({ code: 1, last: '1 passed, 0 failed, 1 skipped' })
  const both = 'test("a", () => {}); test("b", () => {})'
  expect(await closingLineOf(folder, both, '-t', 'a')).toEqual({ code: 0, last: '1 passed, 0 failed, 1 skipped' })
})
