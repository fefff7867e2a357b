import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../kit/process.ts'
import { tempFolder } from '../kit/temp.ts'
import { run } from './run.ts'

const main = join(import.meta.dirname, '../../src/main.ts')

test('the first token of a Hepar that others can reach is made on its store, before it starts', async () => {
  await using folder = await tempFolder('token')
  writeFileSync(folder.file('hepar.yaml'), 'listen: 0.0.0.0:0\n')
  const hepar = async (...args: string[]) => {
    const [, , ...argv] = ['node', main, ...args]
    const env = { PATH: process.env.PATH, NO_COLOR: '1' }
    return runProgram(process.execPath, [main, ...argv], { cwd: folder.path, env })
  }
  const refused = await hepar('check', '--offline')
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('hepar token create --local')])
  const made = await hepar(
    'token',
    'create',
    '--local',
    '--name',
    'me',
    '--role',
    'admin',
    '--expires',
    '90d',
    '--json',
  )
  expect(JSON.parse(made.stdout)).toMatchObject({
    name: 'me',
    role: 'admin',
    state: 'in force',
    token: expect.stringMatching(/^hepar_/),
  })
  expect((await hepar('check', '--offline')).code).toBe(0)
  const listed = await hepar('token', 'list', '--local')
  expect(listed.stdout).toMatch(/me +admin +in force +store/)
  expect(listed.stdout).not.toContain((JSON.parse(made.stdout) as { token: string }).token)
}, 60_000)

test('--config without --local is a mistake, not a request to another Hepar', async () => {
  expect(await run(['token', 'list', '--config', 'x.yaml'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('--local'),
  })
})
